-- How many tasks there are of each type and status, kept by every transaction: counting a million takes too long.

CREATE TABLE tallies (
    type   TEXT    NOT NULL,
    status INTEGER NOT NULL,
    tasks  INTEGER NOT NULL,
    CONSTRAINT a_type_and_status_have_one_tally PRIMARY KEY (type, status)
) WITHOUT ROWID;

INSERT INTO tallies SELECT type, status, count(*) FROM tasks GROUP BY type, status;
