-- The answers that were given to requests with an Idempotency-Key, written in the transaction of their work.
CREATE TABLE idempotency_keys (
  -- Method and path.
  route text NOT NULL,
  key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
  -- SHA-256 of the request's canonical body.
  fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
  status integer NOT NULL DEFAULT 201,
  location text,
  -- As text, so that the answer is the same to the byte.
  body json,
  -- The id of an order, drawn before the order is placed: both are written by one statement. A default, since RDS Proxy
  -- pins a session for a nextval that is written in one.
  order_id bigint DEFAULT nextval('orders_id_seq'),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (route, key)
);

-- For the sweep of what is older than a day.
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

SELECT atrium.grant_table('idempotency_keys'), atrium.grant_sequence('orders_id_seq');
