-- Which versions of the application plane's code have served, and when last: what a contract migration asks before it
-- removes something that older code uses. The functions write it where the catalog is, a row a version.
CREATE TABLE atrium.serving_code (
  code_version integer PRIMARY KEY CHECK (code_version > 0),
  last_seen timestamptz NOT NULL DEFAULT now()
);
