-- How far the copy of a tenant that is moving here has come, written in the transaction of each part: so a part is copied
-- once, whoever died after it.
CREATE TABLE atrium.copies (
  schema_name text NOT NULL,
  table_name text NOT NULL,
  -- The first block of the source's table that is not copied yet.
  next_block bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (schema_name, table_name)
);
