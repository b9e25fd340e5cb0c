-- Which installation the database belongs to, so that another one in its place is noticed; and whether a log belongs to
-- the file: `log_of` is the file's schema_version while one may, and empty after an orderly end. A copy that a tool made
-- as a whole has another schema_version, so that only a plain copy of the file, without its log, still says so.

CREATE TABLE installation (
    one    INTEGER NOT NULL PRIMARY KEY CONSTRAINT there_is_one_row CHECK (one = 1),
    id     TEXT    NOT NULL,
    log_of INTEGER
);
