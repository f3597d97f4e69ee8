-- The rival in PostgreSQL: one table, a unique e-mail, full text by GIN. The file is in GALENA_COMPARE_FILE (psql expands no
-- variable in \copy, the program's shell does).
DROP TABLE IF EXISTS galena_compare;
CREATE TABLE galena_compare (
    email text, first_name text, last_name text, company text, job_title text,
    linkedin text, website text, city text, country text, notes text
);
\copy galena_compare FROM PROGRAM 'cat "$GALENA_COMPARE_FILE"' WITH (FORMAT csv, HEADER true)
CREATE UNIQUE INDEX ON galena_compare (lower(email));
CREATE INDEX ON galena_compare USING gin (
    to_tsvector('simple', concat_ws(' ', email, first_name, last_name, company, job_title, city, country, notes))
);
DROP TABLE galena_compare;
