-- Which runs were asked for; the others are those of a schedule. One that was undone is asked for no more.
ALTER TABLE runs ADD COLUMN on_demand BOOLEAN NOT NULL DEFAULT FALSE;
-- The name under which a program asked for the run. Asked again under that name, it gets this run and no other.
ALTER TABLE runs ADD COLUMN demand_key TEXT;
CREATE UNIQUE INDEX runs_demand_key ON runs (mailing_id, demand_key) WHERE demand_key IS NOT NULL;

-- Until now nothing said which of the two kinds a run was. What tells them apart are its times: an occurrence of a schedule is
-- whole minutes away from the mailing's start and begins when the scheduler comes to it; what was asked for has the
-- millisecond in which it was asked for, and begins after the time to undo, which is whole seconds (none for a command).
-- In doubt a run counts as asked for: the command that is repeated then sends nothing, instead of mailing everyone again.
UPDATE runs SET on_demand = TRUE
WHERE state <> 'missed' AND NOT (state = 'cancelled' AND started_at IS NULL)
    AND EXISTS (SELECT 1 FROM mailings m WHERE m.id = runs.mailing_id
        AND (m.starts_at IS NULL
            OR (runs.occurrence_at - m.starts_at) % 60000 <> 0
            OR (runs.begins_at - runs.occurrence_at) % 1000 = 0
            OR runs.begins_at < runs.occurrence_at));
