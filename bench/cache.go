package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// limited turns the limit of a client on, which is off in open mode, and so high that it refuses nobody.
const limited = "PINTAIL_LIMITS_DEFAULT=10000000/s burst 1000000"

// hot asks for one of the first so many items.
func hot(keys int) string { return key(keys) }

// warm asks for every one of so many items once.
func warm(url string, keys int) error {
	for i := 1; i <= keys; i++ {
		r, err := http.Get(fmt.Sprintf("%s/rest/v1/item?id=eq.%d", url, i))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK {
			return fmt.Errorf("item %d: status %d, %v", i, r.StatusCode, err)
		}
	}
	return nil
}

// update sets a price that is another one nearly each time: SQLite writes nothing where a row stays as it is.
const update = `wrk.method = "PATCH"
wrk.headers["Content-Type"] = "application/json"
math.randomseed(os.time())
request = function() return wrk.format("PATCH", "/rest/v1/item?id=eq." .. math.random(1, %d), nil, '{"price":' .. math.random(1, 9999) .. '}') end`

// cache compares an answer from memory with a handler that has nothing to do, and writes with and without answers to invalidate.
func (b *bench) cache(ctx context.Context) error {
	rows := b.o.rows
	cached, _, err := b.pintail(ctx, "cached", "sqlite:"+b.path("cached.db"), rows, "PINTAIL_CACHE_BYTES=1073741824", limited)
	if err != nil {
		return err
	}
	plain, _, err := b.pintail(ctx, "plain", "sqlite:"+b.path("plain.db"), rows, limited)
	if err != nil {
		return err
	}
	static, err := b.bare(ctx, "static", cached+"/rest/v1/item?id=eq.77")
	if err != nil {
		return err
	}
	if err := warm(cached, rows); err != nil {
		return err
	}
	if err := b.play(ctx, contest{"cache", "one row by key from memory, REST, SQLite, 32 connections", 32, []player{
		{"pintail", cached, hot(1000)}, {"static fasthttp", static["fasthttp"], hot(1000)}, {"static net/http", static["net/http"], hot(1000)}, {"no cache", plain, hot(1000)},
	}, map[string]float64{"static fasthttp": 0.9}}); err != nil {
		return err
	}
	err = b.play(ctx, contest{"invalidate", fmt.Sprintf("update of one row, %d answers in memory, 32 clients (at least 0.87 is 1.15 × the cost)", rows), 32, []player{
		{"pintail", cached, fmt.Sprintf(update, rows)}, {"no cache", plain, fmt.Sprintf(update, rows)},
	}, map[string]float64{"no cache": 0.87}})
	b.stop()
	return err
}

// entries compares answers from memory among a million with answers among a hundred.
func (b *bench) entries(ctx context.Context) error {
	const many = 1_000_000
	large, _, err := b.pintail(ctx, "many", "sqlite:"+b.path("many.db"), many, "PINTAIL_CACHE_BYTES=2147483648")
	if err != nil {
		return err
	}
	small, _, err := b.pintail(ctx, "few", "sqlite:"+b.path("few.db"), 100, "PINTAIL_CACHE_BYTES=2147483648")
	if err != nil {
		return err
	}
	if err := warm(large, many); err != nil {
		return err
	}
	if err := warm(small, 100); err != nil {
		return err
	}
	err = b.play(ctx, contest{"entries", "one row by key from memory, among 1,000,000 answers against 100", 32, []player{
		{"1,000,000", large, hot(many)}, {"100", small, hot(100)},
	}, map[string]float64{"100": 0.9}})
	b.stop()
	return err
}
