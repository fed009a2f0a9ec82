CREATE TABLE products (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  description text CHECK (char_length(description) <= 5000),
  price numeric(12, 2) NOT NULL CHECK (price >= 0),
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Serves the case-insensitive prefix filter of GET /products.
CREATE INDEX products_name_idx ON products (lower(name) text_pattern_ops);

-- The total is the database's: nobody can write one that is not price times quantity.
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  product_id bigint NOT NULL REFERENCES products,
  quantity integer NOT NULL CHECK (quantity > 0),
  unit_price numeric(12, 2) NOT NULL CHECK (unit_price > 0),
  total_price numeric(12, 2) NOT NULL GENERATED ALWAYS AS (unit_price * quantity) STORED,
  order_date timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX orders_product_id_idx ON orders (product_id, id);
CREATE INDEX orders_order_date_idx ON orders (order_date);

SELECT atrium.grant_table('products'), atrium.grant_table('orders');
