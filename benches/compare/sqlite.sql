-- The rival in SQLite: WAL, every commit synced, a unique e-mail, full text by FTS5. Reads leads.csv of the current folder.
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE leads (
    email TEXT, first_name TEXT, last_name TEXT, company TEXT, job_title TEXT,
    linkedin TEXT, website TEXT, city TEXT, country TEXT, notes TEXT
);
CREATE UNIQUE INDEX leads_email ON leads (email COLLATE NOCASE);
.mode csv
.import --skip 1 leads.csv leads
CREATE VIRTUAL TABLE leads_text USING fts5(email, first_name, last_name, company, job_title, city, country, notes);
INSERT INTO leads_text SELECT email, first_name, last_name, company, job_title, city, country, notes FROM leads;
