-- Why a run is paused whose message ends the process that renders it: the address of the recipient for whom, empty if for
-- everyone. NULL: it is not paused for that.
ALTER TABLE runs ADD COLUMN unrenderable_for TEXT;
