package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const itemSchema = `"An item of the benchmark."
type item @table @index(name: "item_n", columns: ["n"]) {
  id: bigint! @id @column(identity: BY_DEFAULT)
  n: bigint!
  name: String!
  price: numeric! @column(type: "numeric(10,2)")
  active: Boolean!
}
`

// csv writes the item table's rows, the same in every peer.
func (b *bench) csv(name string, rows int) (string, error) {
	var s strings.Builder
	s.WriteString("id,n,name,price,active\n")
	for i := 1; i <= rows; i++ {
		fmt.Fprintf(&s, "%d,%d,item number %d,%d.%02d,%t\n", i, i*7919%rows, i, i%10000/100, i%100, i%3 == 0)
	}
	path := b.path(name + ".csv")
	return path, os.WriteFile(path, []byte(s.String()), 0o600)
}

// pintail makes a project with so many items on a database, and serves it without a cache: what is measured is the way to the
// database. Its log goes to a file, as in production. env overrides.
func (b *bench) pintail(ctx context.Context, name, database string, rows int, more ...string) (string, *exec.Cmd, error) {
	schema := b.path(name + ".graphql")
	if err := os.WriteFile(schema, []byte(itemSchema), 0o600); err != nil {
		return "", nil, err
	}
	file, err := b.csv(name, rows)
	if err != nil {
		return "", nil, err
	}
	env := append([]string{"PINTAIL_DATABASE_URL=" + database, "PINTAIL_SCHEMA=" + schema, "PINTAIL_CACHE_BYTES=-1"}, more...)
	if err := b.run(ctx, env, "pintail", "schema", "apply"); err != nil {
		return "", nil, err
	}
	if err := b.run(ctx, env, "pintail", "import", "item", file); err != nil {
		return "", nil, err
	}
	addr := free()
	cmd, err := b.start(ctx, "http://"+addr+"/rest/v1/item?limit=1", env, "pintail", "serve", "--open", "--listen", addr, "--admin", "off")
	return "http://" + addr, cmd, err
}

// bare starts the bare handlers, and gives their addresses by library.
func (b *bench) bare(ctx context.Context, engine, database string) (map[string]string, error) {
	urls := map[string]string{}
	for _, library := range []string{"net/http", "fasthttp"} {
		addr := free()
		if _, err := b.start(ctx, "http://"+addr+"/rest/v1/item?id=eq.1", nil, "bare", engine, database, addr, library); err != nil {
			return nil, err
		}
		urls[library] = "http://" + addr
	}
	return urls, nil
}

func key(rows int) string {
	return fmt.Sprintf(`math.randomseed(os.time())
request = function() return wrk.format("GET", "/rest/v1/item?id=eq." .. math.random(1, %d)) end`, rows)
}

func list(rows int) string {
	return fmt.Sprintf(`math.randomseed(os.time())
request = function() return wrk.format("GET", "/rest/v1/item?n=gte." .. math.random(1, %d) .. "&order=n,id&limit=20") end`, rows-100)
}

func pocketKey(rows int) string {
	return fmt.Sprintf(`math.randomseed(os.time())
request = function() return wrk.format("GET", string.format("/api/collections/item/records/r%%014d", math.random(1, %d))) end`, rows)
}

func pocketList(rows int) string {
	return fmt.Sprintf(`math.randomseed(os.time())
request = function() return wrk.format("GET", "/api/collections/item/records?perPage=20&skipTotal=1&sort=n&filter=n%%3E%%3D" .. math.random(1, %d)) end`, rows-100)
}

const insert = `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = 0
request = function() n = n + 1; return wrk.format("POST", "%s", nil, '{"n":' .. n .. ',"name":"new","price":1.5,"active":true}') end`

func (b *bench) sqlite(ctx context.Context) error {
	rows := b.o.rows
	mine, _, err := b.pintail(ctx, "lite", "sqlite:"+b.path("lite.db"), rows)
	if err != nil {
		return err
	}
	bare, err := b.bare(ctx, "sqlite", b.path("lite.db"))
	if err != nil {
		return err
	}
	if err := b.run(ctx, nil, "pocketbase", "--dir", b.path("pb"), "seed", fmt.Sprint(rows)); err != nil {
		return err
	}
	pocket := free()
	if _, err := b.start(ctx, "http://"+pocket+"/api/health", nil, "pocketbase", "--dir", b.path("pb"), "serve", "--http", pocket); err != nil {
		return err
	}
	if b.o.wants("sqlite") {
		if err := b.play(ctx, contest{"key", "one row by key, REST, SQLite, 32 connections", 32, []player{
			{"pintail", mine, key(rows)}, {"bare fasthttp", bare["fasthttp"], key(rows)}, {"bare net/http", bare["net/http"], key(rows)}, {"pocketbase", "http://" + pocket, pocketKey(rows)},
		}, map[string]float64{"bare fasthttp": 0.8, "pocketbase": 5}}); err != nil {
			return err
		}
		if err := b.play(ctx, contest{"list", "20 filtered, ordered rows by an index, REST, SQLite, 32 connections", 32, []player{
			{"pintail", mine, list(rows)}, {"bare fasthttp", bare["fasthttp"], list(rows)}, {"bare net/http", bare["net/http"], list(rows)}, {"pocketbase", "http://" + pocket, pocketList(rows)},
		}, map[string]float64{"bare fasthttp": 0.8, "pocketbase": 5}}); err != nil {
			return err
		}
	}
	if b.o.wants("insert") {
		if err := b.play(ctx, contest{"insert", "durable single-row insert, SQLite, 32 clients (PocketBase's is not durable)", 32, []player{
			{"pintail", mine, fmt.Sprintf(insert, "/rest/v1/item")}, {"pocketbase", "http://" + pocket, fmt.Sprintf(insert, "/api/collections/item/records")},
		}, map[string]float64{"pocketbase": 4}}); err != nil {
			return err
		}
	}
	b.stop()
	return nil
}

func (b *bench) postgres(ctx context.Context) error {
	dsn, err := b.cluster(ctx)
	if err != nil {
		return err
	}
	mine, _, err := b.pintail(ctx, "pg", dsn, b.o.rows)
	if err != nil {
		return err
	}
	bare, err := b.bare(ctx, "postgres", dsn)
	if err != nil {
		return err
	}
	err = b.play(ctx, contest{"postgres", "one row by key, REST, PostgreSQL, 32 connections", 32, []player{
		{"pintail", mine, key(b.o.rows)}, {"bare fasthttp", bare["fasthttp"], key(b.o.rows)}, {"bare net/http", bare["net/http"], key(b.o.rows)},
	}, map[string]float64{"bare fasthttp": 0.8}})
	b.stop()
	return err
}

// growth compares a keyed request on a large table with one on a small table.
func (b *bench) growth(ctx context.Context) error {
	small, _, err := b.pintail(ctx, "small", "sqlite:"+b.path("small.db"), 10_000)
	if err != nil {
		return err
	}
	large, _, err := b.pintail(ctx, "large", "sqlite:"+b.path("large.db"), 1_000_000)
	if err != nil {
		return err
	}
	err = b.play(ctx, contest{"growth", "keyed request on 1,000,000 rows against 10,000, random keys, warm (at least 0.80 is 1.25 × the time)", 1, []player{
		{"1,000,000 rows", large, key(1_000_000)}, {"10,000 rows", small, key(10_000)},
	}, map[string]float64{"10,000 rows": 0.8}})
	b.stop()
	return err
}

// demo measures the time to the first answer, and the memory of an idle demo.
func (b *bench) demo(ctx context.Context) error {
	shop := b.path("shop")
	var times []float64
	var memory float64
	for i := range b.o.rounds + 1 {
		addr, admin := free(), free()
		begin := time.Now()
		cmd := exec.CommandContext(ctx, b.path("pintail"), "demo", "--dir", shop, "--listen", addr, "--admin", admin)
		if err := cmd.Start(); err != nil {
			return err
		}
		b.running = append(b.running, cmd)
		url := "http://" + addr + "/rest/v1/toast?id=eq.1"
		for !answers(url) {
			if time.Since(begin) > time.Minute {
				return fmt.Errorf("the demo does not answer")
			}
			if c, err := net.Dial("tcp", addr); err == nil {
				c.Close()
			}
			time.Sleep(time.Millisecond)
		}
		if i > 0 { // the first start makes the shop
			times = append(times, float64(time.Since(begin).Microseconds())/1000)
		}
		if i == b.o.rounds {
			time.Sleep(2 * time.Second)
			var err error
			if memory, err = rss(cmd); err != nil {
				return err
			}
		}
		b.stop()
	}
	fmt.Printf("\ndemo\n  start to first answer, made already: %.0f ms (goal 150: %s)\n  idle memory: %.1f MiB (goal 40: %s)\n",
		median(times), verdict(median(times) <= 150), memory, verdict(memory <= 40))
	return nil
}

// tablesMany is how many tables the schema of a large project has here.
const tablesMany = 1000

// manyTables is a schema of tables that refer to each other in chains of ten.
func manyTables() string {
	var s strings.Builder
	for i := range tablesMany {
		fmt.Fprintf(&s, "\n\"Table %d.\"\ntype t%d @table @index(columns: [\"n\", \"-made_at\"]) {\n  id: bigint! @id @column(identity: BY_DEFAULT)\n", i, i)
		s.WriteString("  n: bigint!\n  name: String! @unique\n  note: String\n  price: numeric @column(type: \"numeric(10,2)\")\n  active: Boolean!\n")
		s.WriteString("  data: jsonb\n  made_at: timestamptz! @default(now: true)\n")
		if i%10 > 0 {
			fmt.Fprintf(&s, "  of_id: bigint\n  of: t%d @relation(columns: [\"of_id\"])\n", i-1)
		}
		if i%10 < 9 {
			fmt.Fprintf(&s, "  parts: [t%d!]! @inverse(of: \"of\")\n", i+1)
		}
		s.WriteString("}\n")
	}
	return s.String()
}

// tables measures start and memory with a schema of many tables: idle, and after three requests on each, whose plans are kept.
func (b *bench) tables(ctx context.Context) error {
	schema := b.path("many.graphql")
	if err := os.WriteFile(schema, []byte(manyTables()), 0o600); err != nil {
		return err
	}
	env := []string{"PINTAIL_DATABASE_URL=sqlite:" + b.path("many.db"), "PINTAIL_SCHEMA=" + schema}
	if err := b.run(ctx, env, "pintail", "schema", "apply"); err != nil {
		return err
	}
	addr := free()
	begin := time.Now()
	cmd, err := b.start(ctx, "http://"+addr+"/rest/v1/t0?limit=1", env, "pintail", "serve", "--open", "--listen", addr, "--admin", "off")
	if err != nil {
		return err
	}
	first := time.Since(begin)
	time.Sleep(2 * time.Second)
	idle, err := rss(cmd)
	if err != nil {
		return err
	}
	for i := range tablesMany {
		for _, query := range []string{"id=eq.1", "n=gte.5&order=n,id&limit=20", "select=id,name" + embed(i) + "&name=eq.x"} {
			if url := fmt.Sprintf("http://%s/rest/v1/t%d?%s", addr, i, query); !answers(url) {
				return fmt.Errorf("%s is not answered", url)
			}
		}
	}
	asked, err := rss(cmd)
	if err != nil {
		return err
	}
	b.stop()
	fmt.Printf("\nschema of %d tables\n  start to first answer: %.0f ms\n  idle memory: %.1f MiB\n  memory after three requests on each table: %.1f MiB (goal 300, with ten roles: %s)\n",
		tablesMany, float64(first.Microseconds())/1000, idle, asked, verdict(asked <= 300))
	return nil
}

func embed(i int) string {
	if i%10 < 9 {
		return ",parts(id,name)"
	}
	return ",of(id,name)"
}

// cluster starts a PostgreSQL of the benchmark's own.
func (b *bench) cluster(ctx context.Context) (string, error) {
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(bins) == 0 {
		return "", fmt.Errorf("PostgreSQL is not installed; `make deps` installs it")
	}
	bin := bins[len(bins)-1]
	data := b.path("pgdata")
	_, port, _ := net.SplitHostPort(free())
	as := func(args ...string) *exec.Cmd {
		if os.Getuid() == 0 {
			args = append([]string{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"}, args...)
		}
		return exec.CommandContext(ctx, args[0], args[1:]...)
	}
	if os.Getuid() == 0 {
		if err := os.Chmod(b.dir, 0o755); err != nil {
			return "", err
		}
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return "", err
	}
	if os.Getuid() == 0 {
		if out, err := exec.CommandContext(ctx, "chown", "postgres:postgres", data).CombinedOutput(); err != nil {
			return "", fmt.Errorf("chown: %w\n%s", err, out)
		}
	}
	if out, err := as(bin+"/initdb", "-D", data, "-U", "pintail", "--auth=trust", "--locale=C", "--encoding=UTF8").CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	server := as(bin+"/postgres", "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
	if err := server.Start(); err != nil {
		return "", err
	}
	b.running = append(b.running, server)
	for range 200 {
		if exec.CommandContext(ctx, bin+"/pg_isready", "-h", "127.0.0.1", "-p", port).Run() == nil {
			return "postgres://pintail@127.0.0.1:" + port + "/postgres", nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return "", fmt.Errorf("PostgreSQL did not start")
}
