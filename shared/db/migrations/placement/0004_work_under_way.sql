-- How far the copy of a tenant that is moving here has come, written in the transaction of each part: so a part is copied
-- once, whoever died after it.
CREATE TABLE atrium.copies (
  schema_name text NOT NULL,
  table_name text NOT NULL,
  -- The first block of the source's table that is not copied yet.
  next_block bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (schema_name, table_name)
);

-- Changes of a tenant's schema that cannot be in a transaction, such as CREATE INDEX CONCURRENTLY: one that was begun and is
-- not done was interrupted, and is made again.
CREATE TABLE atrium.outside_changes (
  schema_name text NOT NULL,
  version integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz,
  PRIMARY KEY (schema_name, version)
);
