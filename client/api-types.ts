// Written by `npm run openapi`.
export interface paths {
    readonly "/products": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List products
         * @description In the order of their ids. One may come after another with a higher id, by the seconds that its request took: whoever follows new ones reads the latest again.
         */
        readonly get: operations["listProducts"];
        readonly put?: never;
        /** Make a product */
        readonly post: operations["createProduct"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/products/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Read a product */
        readonly get: operations["getProduct"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Delete a product
         * @description One that has orders must stay.
         */
        readonly delete: operations["deleteProduct"];
        readonly options?: never;
        readonly head?: never;
        /**
         * Change a product
         * @description Changes what is given, at least one of name, description and price.
         */
        readonly patch: operations["updateProduct"];
        readonly trace?: never;
    };
    readonly "/orders": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List orders
         * @description In the order of their ids. One may come after another with a higher id, by the seconds that its request took: whoever follows new ones reads the latest again.
         */
        readonly get: operations["listOrders"];
        readonly put?: never;
        /** Place an order */
        readonly post: operations["createOrder"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/orders/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Read an order */
        readonly get: operations["getOrder"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/health": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Ask whether the API works
         * @description Of the function and its database; 503 where one of them does not.
         */
        readonly get: operations["getHealth"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/openapi.json": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Read this description */
        readonly get: operations["getOpenapi"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/docs": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Read and try the API in a browser
         * @description Behind a # in the address it takes a `tenant` and a `key`, to be filled in; that part of it is sent to no server.
         */
        readonly get: operations["getDocs"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/docs/{page}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Read about the problem types
         * @description `problems`, where a problem's type leads; and what the page of the API is made of.
         */
        readonly get: operations["getDocsPage"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What a tenant sells. */
        readonly Product: {
            /**
             * @description An id: a whole number above 0, as a string.
             * @example 1
             */
            readonly id: string;
            /**
             * @description Not blank, and without control characters.
             * @example PAPER LANTERN
             */
            readonly name: string;
            /**
             * @description Null for none.
             * @example null
             */
            readonly description: string | null;
            /**
             * @description Money: a decimal string, 0 or more.
             * @example 2.55
             */
            readonly price: string;
            /**
             * Format: date-time
             * @description A time, RFC 3339 in UTC.
             * @example 2010-12-01T08:26:00Z
             */
            readonly created_at: string;
        };
        /** @description What a tenant has sold. */
        readonly Order: {
            /**
             * @description An id: a whole number above 0, as a string.
             * @example 1
             */
            readonly id: string;
            /**
             * @description An id: a whole number above 0, as a string.
             * @example 1
             */
            readonly product_id: string;
            /**
             * @description Pieces.
             * @example 2
             */
            readonly quantity: number;
            /**
             * @description Money: a decimal string above 0.
             * @example 2.55
             */
            readonly unit_price: string;
            /**
             * @description Quantity times price, as the database reckons it.
             * @example 5.10
             */
            readonly total_price: string;
            /**
             * Format: date-time
             * @description A time, RFC 3339 in UTC.
             * @example 2010-12-01T08:26:00Z
             */
            readonly order_date: string;
        };
        /** @description A problem document (RFC 9457). */
        readonly Problem: {
            /**
             * @description What a program decides by. Relative to the address that was called, it leads to what it means.
             * @enum {string}
             */
            readonly type: "/docs/problems#tenant-not-named" | "/docs/problems#tenant-name-malformed" | "/docs/problems#tenant-names-disagree" | "/docs/problems#invalid-request" | "/docs/problems#unauthenticated" | "/docs/problems#other-tenant" | "/docs/problems#scope-missing" | "/docs/problems#tenant-suspended" | "/docs/problems#rate-limited" | "/docs/problems#tenant-not-ready" | "/docs/problems#tenant-moving" | "/docs/problems#tenant-behind" | "/docs/problems#unavailable" | "/docs/problems#timed-out" | "/docs/problems#internal" | "/docs/problems#malformed-body" | "/docs/problems#body-too-large" | "/docs/problems#unsupported-media-type" | "/docs/problems#plan-exceeded" | "/docs/problems#conflict" | "/docs/problems#invalid-idempotency-key" | "/docs/problems#idempotency-key-reused" | "/docs/problems#idempotency-in-flight" | "/docs/problems#not-found" | "/docs/problems#precondition-failed" | "/docs/problems#product-has-orders" | "/docs/problems#unknown-product" | "/docs/problems#price-required" | "/docs/problems#amount-too-large";
            readonly title: string;
            readonly status: number;
            readonly detail: string;
            /** @description The id of the request, as in `x-request-id`. */
            readonly instance: string;
            /** @description What is wrong with single fields. */
            readonly errors?: readonly {
                /** @description Such as `body.quantity`. */
                readonly path: string;
                /** @description What was expected there. */
                readonly message: string;
            }[];
        };
    };
    responses: never;
    parameters: {
        /** @description The tenant's slug, or one of its domains: needed on a shared domain. On the tenant's own it may be left out, and must not name another. */
        readonly Tenant: string;
        /** @description The same as `x-tenant`, by another name. */
        readonly Domain: string;
        /** @description Has the request done once, however often it is sent with this key: 1 to 255 visible characters, in quotes if a comma is among them. Kept for 24 hours, unless the stage is set otherwise. */
        readonly IdempotencyKey: string;
        /** @description The `ETag` of an earlier answer: 304 while nothing has changed. */
        readonly IfNoneMatch: string;
        /** @description The `ETag` of an earlier answer: 412 if somebody else has changed it since. */
        readonly IfMatch: string;
    };
    requestBodies: never;
    headers: {
        /** @description To be quoted to whoever reads the logs. */
        readonly RequestId: string;
        /** @description The state that was answered. */
        readonly ETag: string;
        /** @description Where what was made can be read. */
        readonly Location: string;
        /** @description The answer was given before, to the same key. */
        readonly Replayed: "true";
        /** @description Seconds. */
        readonly RetryAfter: string;
        /** @description Seconds, where a later try may succeed. */
        readonly MayRetryAfter: string;
        /** @description The rate of the tenant's plan, if it has one: `q` requests in `w` seconds. */
        readonly RateLimitPolicy: string;
        /** @description How many of them may come now, `r`, and in how many seconds all may again, `t`. */
        readonly RateLimit: string;
        /** @description How the bytes are coded, whatever was asked for. */
        readonly Encoding: "gzip";
        /** @description How to authenticate (RFC 9110). */
        readonly Authenticate: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly listProducts: {
        readonly parameters: {
            readonly query?: {
                /** @description How many rows at most; fewer where the plan allows no page so large. */
                readonly limit?: number;
                /** @description The `next_cursor` of an earlier answer, for the page behind it. */
                readonly cursor?: string;
                /** @description How the name begins, in any case. */
                readonly name?: string;
            };
            readonly header?: {
                /** @description The tenant's slug, or one of its domains: needed on a shared domain. On the tenant's own it may be left out, and must not name another. */
                readonly "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The same as `x-tenant`, by another name. */
                readonly domain?: components["parameters"]["Domain"];
                /** @description The `ETag` of an earlier answer: 304 while nothing has changed. */
                readonly "if-none-match"?: components["parameters"]["IfNoneMatch"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A page of products. */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "1",
                     *           "name": "PAPER LANTERN",
                     *           "description": null,
                     *           "price": "4.25",
                     *           "created_at": "2026-11-24T16:24:42.090771Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    readonly "application/json": {
                        readonly items: readonly components["schemas"]["Product"][];
                        /** @description To be sent as `cursor` for the next page; null on the last. */
                        readonly next_cursor: string | null;
                    };
                };
            };
            /** @description Nothing has changed. */
            readonly 304: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No tenant named, or Malformed tenant name, or Contradictory tenant names, or Invalid request */
            readonly 400: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-named" | "/docs/problems#tenant-name-malformed" | "/docs/problems#tenant-names-disagree" | "/docs/problems#invalid-request";
                    };
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "www-authenticate": components["headers"]["Authenticate"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unauthenticated";
                    };
                };
            };
            /** @description Credential of another tenant, or Scope missing, or Tenant suspended */
            readonly 403: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#other-tenant" | "/docs/problems#scope-missing" | "/docs/problems#tenant-suspended";
                    };
                };
            };
            /** @description Rate limited */
            readonly 429: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#rate-limited";
                    };
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#internal";
                    };
                };
            };
            /** @description Tenant not ready, or Tenant moving, or Tenant behind, or Service unavailable, or Timed out */
            readonly 503: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-ready" | "/docs/problems#tenant-moving" | "/docs/problems#tenant-behind" | "/docs/problems#unavailable" | "/docs/problems#timed-out";
                    };
                };
            };
        };
    };
    readonly createProduct: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The tenant's slug, or one of its domains: needed on a shared domain. On the tenant's own it may be left out, and must not name another. */
                readonly "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The same as `x-tenant`, by another name. */
                readonly domain?: components["parameters"]["Domain"];
                /** @description Has the request done once, however often it is sent with this key: 1 to 255 visible characters, in quotes if a comma is among them. Kept for 24 hours, unless the stage is set otherwise. */
                readonly "idempotency-key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "name": "PAPER LANTERN",
                 *       "price": "4.25"
                 *     }
                 */
                readonly "application/json": {
                    /**
                     * @description Not blank, and without control characters.
                     * @example PAPER LANTERN
                     */
                    readonly name: string;
                    /**
                     * @description Null for none.
                     * @default null
                     * @example null
                     */
                    readonly description?: string | null;
                    /**
                     * @description Money: a decimal string, 0 or more.
                     * @example 2.55
                     */
                    readonly price: string;
                };
            };
        };
        readonly responses: {
            /** @description The product that was made. */
            readonly 201: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly location: components["headers"]["Location"];
                    readonly "idempotency-replayed": components["headers"]["Replayed"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "2",
                     *       "name": "PAPER LANTERN",
                     *       "description": null,
                     *       "price": "4.25",
                     *       "created_at": "2026-11-24T16:24:42.113852Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Product"];
                };
            };
            /** @description No tenant named, or Malformed tenant name, or Contradictory tenant names, or Invalid request, or Malformed body, or Invalid idempotency key */
            readonly 400: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-named" | "/docs/problems#tenant-name-malformed" | "/docs/problems#tenant-names-disagree" | "/docs/problems#invalid-request" | "/docs/problems#malformed-body" | "/docs/problems#invalid-idempotency-key";
                    };
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "www-authenticate": components["headers"]["Authenticate"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unauthenticated";
                    };
                };
            };
            /** @description Credential of another tenant, or Scope missing, or Tenant suspended, or Plan exceeded */
            readonly 403: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#other-tenant" | "/docs/problems#scope-missing" | "/docs/problems#tenant-suspended" | "/docs/problems#plan-exceeded";
                    };
                };
            };
            /** @description Conflict, or Request in flight */
            readonly 409: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["MayRetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#conflict" | "/docs/problems#idempotency-in-flight";
                    };
                };
            };
            /** @description Body too large */
            readonly 413: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#body-too-large";
                    };
                };
            };
            /** @description Unsupported media type */
            readonly 415: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unsupported-media-type";
                    };
                };
            };
            /** @description Idempotency key reused */
            readonly 422: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#idempotency-key-reused";
                    };
                };
            };
            /** @description Rate limited */
            readonly 429: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#rate-limited";
                    };
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#internal";
                    };
                };
            };
            /** @description Tenant not ready, or Tenant moving, or Tenant behind, or Service unavailable, or Timed out */
            readonly 503: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-ready" | "/docs/problems#tenant-moving" | "/docs/problems#tenant-behind" | "/docs/problems#unavailable" | "/docs/problems#timed-out";
                    };
                };
            };
        };
    };
    readonly getProduct: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The tenant's slug, or one of its domains: needed on a shared domain. On the tenant's own it may be left out, and must not name another. */
                readonly "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The same as `x-tenant`, by another name. */
                readonly domain?: components["parameters"]["Domain"];
                /** @description The `ETag` of an earlier answer: 304 while nothing has changed. */
                readonly "if-none-match"?: components["parameters"]["IfNoneMatch"];
            };
            readonly path: {
                /** @description An id: a whole number above 0, as a string. */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The product. */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "1",
                     *       "name": "PAPER LANTERN",
                     *       "description": null,
                     *       "price": "4.25",
                     *       "created_at": "2026-11-24T16:24:42.090771Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Product"];
                };
            };
            /** @description Nothing has changed. */
            readonly 304: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No tenant named, or Malformed tenant name, or Contradictory tenant names, or Invalid request */
            readonly 400: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-named" | "/docs/problems#tenant-name-malformed" | "/docs/problems#tenant-names-disagree" | "/docs/problems#invalid-request";
                    };
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "www-authenticate": components["headers"]["Authenticate"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unauthenticated";
                    };
                };
            };
            /** @description Credential of another tenant, or Scope missing, or Tenant suspended */
            readonly 403: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#other-tenant" | "/docs/problems#scope-missing" | "/docs/problems#tenant-suspended";
                    };
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#not-found";
                    };
                };
            };
            /** @description Rate limited */
            readonly 429: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#rate-limited";
                    };
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#internal";
                    };
                };
            };
            /** @description Tenant not ready, or Tenant moving, or Tenant behind, or Service unavailable, or Timed out */
            readonly 503: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-ready" | "/docs/problems#tenant-moving" | "/docs/problems#tenant-behind" | "/docs/problems#unavailable" | "/docs/problems#timed-out";
                    };
                };
            };
        };
    };
    readonly deleteProduct: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The tenant's slug, or one of its domains: needed on a shared domain. On the tenant's own it may be left out, and must not name another. */
                readonly "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The same as `x-tenant`, by another name. */
                readonly domain?: components["parameters"]["Domain"];
                /** @description The `ETag` of an earlier answer: 412 if somebody else has changed it since. */
                readonly "if-match"?: components["parameters"]["IfMatch"];
            };
            readonly path: {
                /** @description An id: a whole number above 0, as a string. */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description It is gone. */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No tenant named, or Malformed tenant name, or Contradictory tenant names, or Invalid request */
            readonly 400: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-named" | "/docs/problems#tenant-name-malformed" | "/docs/problems#tenant-names-disagree" | "/docs/problems#invalid-request";
                    };
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "www-authenticate": components["headers"]["Authenticate"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unauthenticated";
                    };
                };
            };
            /** @description Credential of another tenant, or Scope missing, or Tenant suspended */
            readonly 403: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#other-tenant" | "/docs/problems#scope-missing" | "/docs/problems#tenant-suspended";
                    };
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#not-found";
                    };
                };
            };
            /** @description Conflict, or Product has orders */
            readonly 409: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#conflict" | "/docs/problems#product-has-orders";
                    };
                };
            };
            /** @description Precondition failed */
            readonly 412: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#precondition-failed";
                    };
                };
            };
            /** @description Rate limited */
            readonly 429: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#rate-limited";
                    };
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#internal";
                    };
                };
            };
            /** @description Tenant not ready, or Tenant moving, or Tenant behind, or Service unavailable, or Timed out */
            readonly 503: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-ready" | "/docs/problems#tenant-moving" | "/docs/problems#tenant-behind" | "/docs/problems#unavailable" | "/docs/problems#timed-out";
                    };
                };
            };
        };
    };
    readonly updateProduct: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The tenant's slug, or one of its domains: needed on a shared domain. On the tenant's own it may be left out, and must not name another. */
                readonly "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The same as `x-tenant`, by another name. */
                readonly domain?: components["parameters"]["Domain"];
                /** @description The `ETag` of an earlier answer: 412 if somebody else has changed it since. */
                readonly "if-match"?: components["parameters"]["IfMatch"];
            };
            readonly path: {
                /** @description An id: a whole number above 0, as a string. */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "price": "3.10"
                 *     }
                 */
                readonly "application/json": {
                    /**
                     * @description Not blank, and without control characters.
                     * @example PAPER LANTERN
                     */
                    readonly name?: string;
                    /**
                     * @description Null for none.
                     * @example null
                     */
                    readonly description?: string | null;
                    /**
                     * @description Money: a decimal string, 0 or more.
                     * @example 2.55
                     */
                    readonly price?: string;
                };
            };
        };
        readonly responses: {
            /** @description The product as it is now. */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "1",
                     *       "name": "PAPER LANTERN",
                     *       "description": null,
                     *       "price": "3.10",
                     *       "created_at": "2026-11-24T16:24:42.090771Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Product"];
                };
            };
            /** @description No tenant named, or Malformed tenant name, or Contradictory tenant names, or Invalid request, or Malformed body */
            readonly 400: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-named" | "/docs/problems#tenant-name-malformed" | "/docs/problems#tenant-names-disagree" | "/docs/problems#invalid-request" | "/docs/problems#malformed-body";
                    };
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "www-authenticate": components["headers"]["Authenticate"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unauthenticated";
                    };
                };
            };
            /** @description Credential of another tenant, or Scope missing, or Tenant suspended, or Plan exceeded */
            readonly 403: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#other-tenant" | "/docs/problems#scope-missing" | "/docs/problems#tenant-suspended" | "/docs/problems#plan-exceeded";
                    };
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#not-found";
                    };
                };
            };
            /** @description Conflict */
            readonly 409: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#conflict";
                    };
                };
            };
            /** @description Precondition failed */
            readonly 412: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#precondition-failed";
                    };
                };
            };
            /** @description Body too large */
            readonly 413: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#body-too-large";
                    };
                };
            };
            /** @description Unsupported media type */
            readonly 415: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unsupported-media-type";
                    };
                };
            };
            /** @description Rate limited */
            readonly 429: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#rate-limited";
                    };
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#internal";
                    };
                };
            };
            /** @description Tenant not ready, or Tenant moving, or Tenant behind, or Service unavailable, or Timed out */
            readonly 503: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-ready" | "/docs/problems#tenant-moving" | "/docs/problems#tenant-behind" | "/docs/problems#unavailable" | "/docs/problems#timed-out";
                    };
                };
            };
        };
    };
    readonly listOrders: {
        readonly parameters: {
            readonly query?: {
                /** @description How many rows at most; fewer where the plan allows no page so large. */
                readonly limit?: number;
                /** @description The `next_cursor` of an earlier answer, for the page behind it. */
                readonly cursor?: string;
                /** @description Orders of this product only. */
                readonly product_id?: string;
                /** @description Orders at or after this time. */
                readonly from?: string;
                /** @description Orders before this time. */
                readonly to?: string;
            };
            readonly header?: {
                /** @description The tenant's slug, or one of its domains: needed on a shared domain. On the tenant's own it may be left out, and must not name another. */
                readonly "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The same as `x-tenant`, by another name. */
                readonly domain?: components["parameters"]["Domain"];
                /** @description The `ETag` of an earlier answer: 304 while nothing has changed. */
                readonly "if-none-match"?: components["parameters"]["IfNoneMatch"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A page of orders. */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "1",
                     *           "product_id": "1",
                     *           "quantity": 2,
                     *           "unit_price": "4.25",
                     *           "total_price": "8.50",
                     *           "order_date": "2026-11-24T16:24:42.102369Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    readonly "application/json": {
                        readonly items: readonly components["schemas"]["Order"][];
                        /** @description To be sent as `cursor` for the next page; null on the last. */
                        readonly next_cursor: string | null;
                    };
                };
            };
            /** @description Nothing has changed. */
            readonly 304: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No tenant named, or Malformed tenant name, or Contradictory tenant names, or Invalid request */
            readonly 400: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-named" | "/docs/problems#tenant-name-malformed" | "/docs/problems#tenant-names-disagree" | "/docs/problems#invalid-request";
                    };
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "www-authenticate": components["headers"]["Authenticate"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unauthenticated";
                    };
                };
            };
            /** @description Credential of another tenant, or Scope missing, or Tenant suspended */
            readonly 403: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#other-tenant" | "/docs/problems#scope-missing" | "/docs/problems#tenant-suspended";
                    };
                };
            };
            /** @description Rate limited */
            readonly 429: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#rate-limited";
                    };
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#internal";
                    };
                };
            };
            /** @description Tenant not ready, or Tenant moving, or Tenant behind, or Service unavailable, or Timed out */
            readonly 503: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-ready" | "/docs/problems#tenant-moving" | "/docs/problems#tenant-behind" | "/docs/problems#unavailable" | "/docs/problems#timed-out";
                    };
                };
            };
        };
    };
    readonly createOrder: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The tenant's slug, or one of its domains: needed on a shared domain. On the tenant's own it may be left out, and must not name another. */
                readonly "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The same as `x-tenant`, by another name. */
                readonly domain?: components["parameters"]["Domain"];
                /** @description Has the request done once, however often it is sent with this key: 1 to 255 visible characters, in quotes if a comma is among them. Kept for 24 hours, unless the stage is set otherwise. */
                readonly "idempotency-key"?: components["parameters"]["IdempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "product_id": "1",
                 *       "quantity": 2
                 *     }
                 */
                readonly "application/json": {
                    /**
                     * @description An id: a whole number above 0, as a string.
                     * @example 1
                     */
                    readonly product_id: string;
                    /**
                     * @description Pieces.
                     * @example 2
                     */
                    readonly quantity: number;
                    /**
                     * @description The price of a piece; the product's unless given.
                     * @example 2.55
                     */
                    readonly unit_price?: string;
                    /**
                     * Format: date-time
                     * @description Now unless given.
                     * @example 2010-12-01T08:26:00Z
                     */
                    readonly order_date?: string;
                };
            };
        };
        readonly responses: {
            /** @description The order that was placed. */
            readonly 201: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly location: components["headers"]["Location"];
                    readonly "idempotency-replayed": components["headers"]["Replayed"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "2",
                     *       "product_id": "1",
                     *       "quantity": 2,
                     *       "unit_price": "3.10",
                     *       "total_price": "6.20",
                     *       "order_date": "2026-11-24T16:24:42.12309Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Order"];
                };
            };
            /** @description No tenant named, or Malformed tenant name, or Contradictory tenant names, or Invalid request, or Malformed body, or Invalid idempotency key */
            readonly 400: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-named" | "/docs/problems#tenant-name-malformed" | "/docs/problems#tenant-names-disagree" | "/docs/problems#invalid-request" | "/docs/problems#malformed-body" | "/docs/problems#invalid-idempotency-key";
                    };
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "www-authenticate": components["headers"]["Authenticate"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unauthenticated";
                    };
                };
            };
            /** @description Credential of another tenant, or Scope missing, or Tenant suspended, or Plan exceeded */
            readonly 403: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#other-tenant" | "/docs/problems#scope-missing" | "/docs/problems#tenant-suspended" | "/docs/problems#plan-exceeded";
                    };
                };
            };
            /** @description Conflict, or Request in flight */
            readonly 409: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["MayRetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#conflict" | "/docs/problems#idempotency-in-flight";
                    };
                };
            };
            /** @description Body too large */
            readonly 413: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#body-too-large";
                    };
                };
            };
            /** @description Unsupported media type */
            readonly 415: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unsupported-media-type";
                    };
                };
            };
            /** @description Idempotency key reused, or Unknown product, or Price required, or Amount too large */
            readonly 422: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#idempotency-key-reused" | "/docs/problems#unknown-product" | "/docs/problems#price-required" | "/docs/problems#amount-too-large";
                    };
                };
            };
            /** @description Rate limited */
            readonly 429: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#rate-limited";
                    };
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#internal";
                    };
                };
            };
            /** @description Tenant not ready, or Tenant moving, or Tenant behind, or Service unavailable, or Timed out */
            readonly 503: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-ready" | "/docs/problems#tenant-moving" | "/docs/problems#tenant-behind" | "/docs/problems#unavailable" | "/docs/problems#timed-out";
                    };
                };
            };
        };
    };
    readonly getOrder: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The tenant's slug, or one of its domains: needed on a shared domain. On the tenant's own it may be left out, and must not name another. */
                readonly "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The same as `x-tenant`, by another name. */
                readonly domain?: components["parameters"]["Domain"];
                /** @description The `ETag` of an earlier answer: 304 while nothing has changed. */
                readonly "if-none-match"?: components["parameters"]["IfNoneMatch"];
            };
            readonly path: {
                /** @description An id: a whole number above 0, as a string. */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The order. */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "1",
                     *       "product_id": "1",
                     *       "quantity": 2,
                     *       "unit_price": "4.25",
                     *       "total_price": "8.50",
                     *       "order_date": "2026-11-24T16:24:42.102369Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Order"];
                };
            };
            /** @description Nothing has changed. */
            readonly 304: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No tenant named, or Malformed tenant name, or Contradictory tenant names, or Invalid request */
            readonly 400: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-named" | "/docs/problems#tenant-name-malformed" | "/docs/problems#tenant-names-disagree" | "/docs/problems#invalid-request";
                    };
                };
            };
            /** @description Not authenticated */
            readonly 401: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "www-authenticate": components["headers"]["Authenticate"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unauthenticated";
                    };
                };
            };
            /** @description Credential of another tenant, or Scope missing, or Tenant suspended */
            readonly 403: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#other-tenant" | "/docs/problems#scope-missing" | "/docs/problems#tenant-suspended";
                    };
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#not-found";
                    };
                };
            };
            /** @description Rate limited */
            readonly 429: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#rate-limited";
                    };
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#internal";
                    };
                };
            };
            /** @description Tenant not ready, or Tenant moving, or Tenant behind, or Service unavailable, or Timed out */
            readonly 503: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly "ratelimit-policy": components["headers"]["RateLimitPolicy"];
                    readonly ratelimit: components["headers"]["RateLimit"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#tenant-not-ready" | "/docs/problems#tenant-moving" | "/docs/problems#tenant-behind" | "/docs/problems#unavailable" | "/docs/problems#timed-out";
                    };
                };
            };
        };
    };
    readonly getHealth: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description It does. */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    readonly "application/json": {
                        /** @constant */
                        readonly status: "ok";
                    };
                };
            };
            /** @description Invalid request */
            readonly 400: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#invalid-request";
                    };
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#internal";
                    };
                };
            };
            /** @description Service unavailable, or Timed out */
            readonly 503: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unavailable" | "/docs/problems#timed-out";
                    };
                };
            };
        };
    };
    readonly getOpenapi: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OpenAPI 3.1. */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly openapi: string;
                    } & {
                        readonly [key: string]: unknown;
                    };
                };
            };
            /** @description Invalid request */
            readonly 400: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#invalid-request";
                    };
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#internal";
                    };
                };
            };
            /** @description Service unavailable, or Timed out */
            readonly 503: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unavailable" | "/docs/problems#timed-out";
                    };
                };
            };
        };
    };
    readonly getDocs: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The page. */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "content-encoding": components["headers"]["Encoding"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/html": string;
                };
            };
            /** @description Invalid request */
            readonly 400: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#invalid-request";
                    };
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#internal";
                    };
                };
            };
            /** @description Service unavailable, or Timed out */
            readonly 503: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unavailable" | "/docs/problems#timed-out";
                    };
                };
            };
        };
    };
    readonly getDocsPage: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly page: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The page. */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "content-encoding": components["headers"]["Encoding"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/html": string;
                    readonly "text/css": string;
                    readonly "text/javascript": string;
                };
            };
            /** @description Invalid request */
            readonly 400: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#invalid-request";
                    };
                };
            };
            /** @description Not found */
            readonly 404: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#not-found";
                    };
                };
            };
            /** @description Internal error */
            readonly 500: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#internal";
                    };
                };
            };
            /** @description Service unavailable, or Timed out */
            readonly 503: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly "retry-after": components["headers"]["RetryAfter"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        readonly type?: "/docs/problems#unavailable" | "/docs/problems#timed-out";
                    };
                };
            };
        };
    };
}
