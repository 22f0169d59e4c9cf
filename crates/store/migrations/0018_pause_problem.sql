-- Why a run is paused whose message cannot be rendered for anyone: the problem as JSON, to be put into the reader's language.
-- Empty: it is not paused for that.
ALTER TABLE runs ADD COLUMN pause_problem TEXT NOT NULL DEFAULT '';
