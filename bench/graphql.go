package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// customers is how many the demo's shop has.
const customers = 5000

// asking is a wrk script that posts one document with a random customer's number in the variable id.
func asking(path, document, id string) string {
	body, err := json.Marshal(map[string]any{"query": document, "variables": map[string]string{"id": "ID"}})
	if err != nil {
		panic(err)
	}
	before, after, _ := strings.Cut(string(body), `"ID"`)
	return fmt.Sprintf(`math.randomseed(os.time())
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local before, after = [==[%s]==], [==[%s]==]
request = function() return wrk.format("POST", "%s", nil, before .. string.format(%q, math.random(1, %d)) .. after) end`, before, after, path, id, customers)
}

const (
	nestedMine = `query ($id: bigint!) { customer_by_pk(id: $id) { id name orders { id placed_at items { quantity toast { name price } } } } }`
	nestedPeer = `query ($id: BigInt!) { customerByRowId(rowId: $id) { rowId name ordersByCustomerId { nodes { rowId placedAt orderItemsByOrderId { nodes { quantity toastByToastId { name price } } } } } } }`

	// nestedSQL is the statement that Pintail runs for nestedMine (its golden files show it), with pgbench's variable for the key.
	nestedSQL = `\set id random(1, 5000)
SELECT row_to_json(r.*) FROM (SELECT t0."id" AS "id", t0."name" AS "name", (SELECT coalesce(json_agg(r.*), '[]') FROM (SELECT t1."id" AS "id", t1."placed_at" AS "placed_at", (SELECT coalesce(json_agg(r.*), '[]') FROM (SELECT t2."quantity" AS "quantity", (SELECT row_to_json(r.*) FROM (SELECT t3."name" AS "name", t3."price" AS "price" FROM "toast" AS t3 WHERE t3."id" = t2."toast_id") AS r) AS "toast" FROM "order_item" AS t2 WHERE t2."order_id" = t1."id" ORDER BY t2."order_id", t2."line") AS r) AS "items" FROM "order" AS t1 WHERE t1."customer_id" = t0."id" ORDER BY t1."id") AS r) AS "orders" FROM "customer" AS t0 WHERE t0."id" = :id ORDER BY t0."id") AS r;
`
)

// graphql asks for customers with orders, items and toasts: on PostgreSQL beside PostGraphile and pgbench, on SQLite beside a
// bare handler.
func (b *bench) graphql(ctx context.Context) error {
	shop, err := b.shop(ctx)
	if err != nil {
		return err
	}
	lite, err := b.serveShop(ctx, shop, "sqlite:"+filepath.Join(shop, "data", "pintail.db"))
	if err != nil {
		return err
	}
	bare := free()
	if _, err := b.start(ctx, "http://"+bare+"/", nil, "bare", "nested", filepath.Join(shop, "data", "pintail.db"), bare); err != nil {
		return err
	}
	ask := func(name, url, script string) measured {
		return measured{name, func(ctx context.Context, length time.Duration) (figures, error) {
			return b.load(ctx, player{name, url, script}, 32, length)
		}}
	}
	if err := b.rounds(ctx, "customer, orders, items, toast: GraphQL, SQLite, 32 connections", []measured{
		ask("pintail", lite, asking("/v1/graphql", nestedMine, "%d")), ask("bare", "http://"+bare, asking("/v1/graphql", nestedMine, "%d")),
	}, map[string]float64{"bare": 0.7}); err != nil {
		return err
	}
	b.stop()

	dsn, err := b.cluster(ctx)
	if err != nil {
		return err
	}
	if err := b.run(ctx, nil, "pintail", "copy", "--from", "sqlite:"+filepath.Join(shop, "data", "pintail.db"), "--to", dsn, "--schema", filepath.Join(shop, "schema.graphql")); err != nil {
		return err
	}
	if err := b.run(ctx, nil, "/usr/bin/psql", "-q", dsn, "-c", "vacuum analyze"); err != nil {
		return err
	}
	mine, err := b.serveShop(ctx, shop, dsn)
	if err != nil {
		return err
	}
	peer, err := b.postgraphile(ctx, dsn)
	if err != nil {
		return err
	}
	script := b.path("nested.sql")
	if err := os.WriteFile(script, []byte(nestedSQL), 0o644); err != nil {
		return err
	}
	sql := strings.Replace(strings.TrimSuffix(strings.TrimSpace(strings.SplitN(nestedSQL, "\n", 2)[1]), ";"), ":id", "$1", 1)
	hand := free()
	if _, err := b.start(ctx, "http://"+hand+"/", nil, "bare", "nested-postgres", dsn, hand, sql); err != nil {
		return err
	}
	err = b.rounds(ctx, "customer, orders, items, toast: GraphQL, PostgreSQL, 32 connections (pgbench: the same SQL, prepared, 16 clients)", []measured{
		ask("pintail", mine, asking("/v1/graphql", nestedMine, "%d")), ask("postgraphile", peer, asking("/graphql", nestedPeer, `"%d"`)),
		ask("bare", "http://"+hand, asking("/v1/graphql", nestedMine, "%d")),
		{"pgbench", func(ctx context.Context, length time.Duration) (figures, error) {
			return b.pgbench(ctx, dsn, script, length)
		}},
	}, map[string]float64{"postgraphile": 3, "pgbench": 0.8})
	b.stop()
	return err
}

// shop makes the demo's project and gives its folder.
func (b *bench) shop(ctx context.Context) (string, error) {
	dir := b.path("graphql-shop")
	addr := free()
	if _, err := b.start(ctx, "http://"+addr+"/rest/v1/toast?limit=1", nil, "pintail", "demo", "--dir", dir, "--listen", addr, "--admin", "off"); err != nil {
		return "", err
	}
	b.stop()
	return dir, nil
}

// serveShop serves the shop with the cache off: what is measured is the way to the database.
func (b *bench) serveShop(ctx context.Context, shop, database string) (string, error) {
	addr := free()
	env := []string{"PINTAIL_DATABASE_URL=" + database, "PINTAIL_SCHEMA=" + filepath.Join(shop, "schema.graphql"), "PINTAIL_CACHE_BYTES=-1"}
	_, err := b.start(ctx, "http://"+addr+"/rest/v1/toast?limit=1", env, "pintail", "serve", "--open", "--listen", addr, "--admin", "off")
	return "http://" + addr, err
}

// postgraphile starts PostGraphile on the Node.js that its packages bring.
func (b *bench) postgraphile(ctx context.Context, dsn string) (string, error) {
	dir, err := filepath.Abs("postgraphile")
	if err != nil {
		return "", err
	}
	node := filepath.Join(dir, "node_modules", ".bin", "node")
	if _, err := os.Stat(node); err != nil {
		cmd := exec.CommandContext(ctx, "npm", "ci", "--omit=dev", "--omit=optional", "--omit=peer")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("npm ci: %w\n%s", err, out)
		}
	}
	addr := free()
	_, port, _ := strings.Cut(addr, ":")
	cmd := exec.CommandContext(ctx, node, filepath.Join(dir, "node_modules", ".bin", "postgraphile"), "--config", "graphile.config.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DATABASE_URL="+dsn, "PORT="+port, "NODE_ENV=production", "GRAPHILE_ENV=production")
	log, err := os.Create(b.path("postgraphile.log"))
	if err != nil {
		return "", err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return "", err
	}
	b.running = append(b.running, cmd)
	for range 400 {
		r, err := http.Post("http://"+addr+"/graphql", "application/json", strings.NewReader(`{"query":"{__typename}"}`))
		if err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return "http://" + addr, nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	return "", fmt.Errorf("PostGraphile does not answer:\n%s", text)
}

var (
	tpsLine     = regexp.MustCompile(`tps = ([0-9.]+)`)
	latencyLine = regexp.MustCompile(`latency average = ([0-9.]+) ms`)
)

// pgbench runs a script; what it gives as the tail is the average latency.
func (b *bench) pgbench(ctx context.Context, dsn, script string, length time.Duration) (figures, error) {
	out, err := exec.CommandContext(ctx, "pgbench", "-n", "-M", "prepared", "-c", "16", "-j", "1", "-T", strconv.Itoa(max(int(length.Seconds()), 1)),
		"-f", script, dsn).CombinedOutput()
	if err != nil {
		return figures{}, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	tps, latency := tpsLine.FindSubmatch(out), latencyLine.FindSubmatch(out)
	if tps == nil || latency == nil {
		return figures{}, errors.New("pgbench printed no figures")
	}
	var f figures
	f.rate, _ = strconv.ParseFloat(string(tps[1]), 64)
	f.p99, _ = strconv.ParseFloat(string(latency[1]), 64)
	return f, nil
}
