-- What a word is, is told by `services/api/waybill_api/search/words.py`; this index tells no more than where one ends.

DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5 (
    words, marks, content = 'searched', content_rowid = 'id', columnsize = 0,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co'"
);

-- Upkeep brings in anew what is numbered up to this, from the top down.
ALTER TABLE search_progress ADD COLUMN old_words INTEGER NOT NULL DEFAULT 0;
UPDATE search_progress SET old_words = (SELECT coalesce(max(id), 0) FROM searched);
