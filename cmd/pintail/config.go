package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/guard"
	"github.com/pintail-dev/pintail/internal/migrate"
)

// A config is every key of pintail.yaml. Order of what counts: flags, environment, file, defaults.
type config struct {
	pintail.Config
	Schemas    []string // database.schemas: PostgreSQL schemas that import reads
	SearchPath []string // database.search_path
	Migrations string
	LogFormat  string // text, json; empty: text on a terminal, JSON elsewhere
	LogLevel   string

	where map[string]string // by the name of a key: the file, its line and the key, or the variable, that sets it
}

// A key is one setting: its name in the file, its default as a person writes it, what it says in docs/config.md, and where
// its value goes.
type key struct {
	name, def, doc string
	to             any // *string, *bool, *int, *int64, *time.Duration or *[]string
}

// What holds where nothing is configured.
const (
	defaultSchema   = "schema.graphql"
	defaultDatabase = "sqlite:data/pintail.db"
	defaultListen   = "127.0.0.1:8080"
	defaultAdmin    = "127.0.0.1:8081"
)

// keys lists all settings of c in the order of docs/config.md.
func (c *config) keys() []key {
	return []key{
		{"schema", defaultSchema, "the schema file, or a folder of `*.graphql` (`schema/` where there is no schema.graphql); named queries stand in `queries/` beside it", &c.Schema},
		{"migrations", "", "the directory of migrations; default: migrations/ beside the schema file", &c.Migrations},
		{"public", "", "the directory of static files served at /; default: public/ beside the schema file", &c.Public},
		{"database.url", defaultDatabase, "sqlite:PATH or postgres://…", &c.Database},
		{"database.schemas", "public", "PostgreSQL schemas that `schema import` reads and exposes, comma-separated", &c.Schemas},
		{"database.search_path", "public", "further PostgreSQL schemas of the search path, for `schema import`", &c.SearchPath},
		{"database.connections", "0", "connections to the database; 0 lets the engine choose", &c.ConnectionsMax},
		{"database.transaction_pooling", "false", "the database stands behind PgBouncer in transaction mode", &c.TransactionPooling},
		{"database.statement_time", "5s", "the longest that one SQL statement may take", &c.StatementTime},
		{"cache.bytes", strconv.Itoa(pintail.DefaultCacheBytes), "on SQLite: how much memory answers take that are kept, see cache.md; negative for none", &c.CacheBytes},
		{"guard", "", "what is done about lost indexes: repair (refuse what stands on them, and rebuild them), observe (tell only), off; default: repair where `schema apply` made the tables, else observe", &c.Guard},
		{"notify.webhook", "", "URL to which incidents are posted as JSON when they begin, are repaired, or take a person, see guard.md; it may hold a secret: keep it in the environment", &c.NotifyWebhook},
		{"listen", defaultListen, "the address that serves the API", &c.Listen},
		{"admin.listen", defaultAdmin, "the address of the console, /livez, /readyz and /metrics, or off", &c.Admin},
		{"admin.hosts", "", "Host headers that the admin address answers besides loopback ones", &c.AdminHosts},
		{"admin.secret", "", "opens everything to whoever sends it, of 16 letters or more where `listen` is reachable from other machines; keep it in the environment", &c.AdminSecret},
		{"cors.origins", "", "origins of pages that may call the API; * for all", &c.Origins},
		{"rest.tx_end", "commit", "how writes end: commit, commit-allow-override, rollback, rollback-allow-override", &c.REST.TxEnd},
		{"rest.max_rows", "0", "the most rows that one answer holds; 0 for no limit", &c.REST.MaxRows},
		{"rest.aggregates", "false", "allow aggregates in select", &c.REST.Aggregates},
		{"rest.plan", "false", "answer application/vnd.pgrst.plan", &c.REST.Plan},
		{"rest.server_timing", "false", "answer with Server-Timing", &c.ServerTimes},
		{"graphql.stringify_numeric", "false", "answer bigint, numeric and float8 as strings in GraphQL, as JavaScript's numbers can't hold them all", &c.GraphQL.StringifyNumeric},
		{"graphql.document_bytes", "65536", "the largest GraphQL document", &c.GraphQL.Limits.Document.Bytes},
		{"graphql.tokens", "4000", "the most tokens of a document", &c.GraphQL.Limits.Document.Tokens},
		{"graphql.depth", "12", "the most fields on the way from an operation's root to its deepest one", &c.GraphQL.Limits.Document.Depth},
		{"graphql.introspection_depth", "20", "the same under __schema and __type", &c.GraphQL.Limits.Document.IntrospectionDepth},
		{"graphql.roots", "20", "the most root fields of an operation", &c.GraphQL.Limits.Document.Roots},
		{"graphql.aliases", "30", "the most aliases of an operation", &c.GraphQL.Limits.Document.Aliases},
		{"graphql.directives", "50", "the most directives of an operation", &c.GraphQL.Limits.Document.Directives},
		{"graphql.fields", "4000", "the most fields of an operation, those of fragments counted wherever they are spread", &c.GraphQL.Limits.Document.Fields},
		{"graphql.cost", "10000", "the most rows that one GraphQL request of anyone but the admin may touch", &c.GraphQL.Limits.CostMax},
		{"limits.body_bytes", "1048576", "the largest body of a request", &c.Limits.BodyBytesMax},
		{"limits.url_bytes", "16384", "the longest URL", &c.Limits.URLBytesMax},
		{"limits.headers", "100", "the most header lines of a request", &c.Limits.HeadersMax},
		{"limits.answer_bytes", "33554432", "the largest answer", &c.AnswerBytesMax},
		{"limits.sending_bytes", "67108864", "all answers over 1 MiB that are on their way; one alone may be larger", &c.Limits.SendingBytesMax},
		{"limits.answer_time", "30s", "the longest that a request may take", &c.AnswerTime},
		{"limits.default", "", "how much one client may ask for: 100/s burst 200, report …, off; default: the first, but for the admin and in open mode, see limits.md", &c.Gate.Limit},
		{"limits.trusted_proxies", "", "addresses and networks of proxies whose X-Forwarded-For says who the client is", &c.Gate.TrustedProxies},
		{"limits.client_connections", "256", "the most connections of one client", &c.Gate.ClientConnectionsMax},
		{"limits.connections", "0", "the most connections of all clients; 0 for 0.8 of the descriptors that the process may have", &c.Gate.ConnectionsMax},
		{"limits.shedding", "on", "refuse requests that would wait too long: on or off", &c.Gate.Shedding},
		{"drain_time", "0s", "how long /readyz says no before the listener closes, on stop", &c.DrainTime},
		{"log.format", "", "text or json; default: text on a terminal, json elsewhere", &c.LogFormat},
		{"log.level", "info", "debug, info, warn or error", &c.LogLevel},
		{"log.slow", "500ms", "statements that take longer are logged with their plan; negative for none", &c.SlowTime},
	}
}

// set reads text into the key's place.
func (k key) set(text string) error {
	var err error
	switch to := k.to.(type) {
	case *string:
		*to = text
	case *bool:
		*to, err = strconv.ParseBool(text)
	case *int:
		*to, err = strconv.Atoi(text)
	case *int64:
		*to, err = strconv.ParseInt(text, 10, 64)
	case *time.Duration:
		*to, err = time.ParseDuration(text)
	case *[]string:
		*to = nil
		for one := range strings.SplitSeq(text, ",") {
			if one = strings.TrimSpace(one); one != "" {
				*to = append(*to, one)
			}
		}
	default:
		panic("config: a key of a type that can't be read")
	}
	if err != nil {
		if k.secret() {
			return errors.New("its value can't be read")
		}
		return fmt.Errorf("%q is not a %s", text, k.kind())
	}
	n, most := k.number(), k.most()
	if n < 0 && !slices.Contains([]string{"cache.bytes", "log.slow"}, k.name) { // for none
		return fmt.Errorf("%q is below zero; it is from 0 on, and 0 stands for the default", text)
	}
	if most > 0 && n > most {
		return fmt.Errorf("%q is too much; it is at most %s", text, k.mostText())
	}
	return nil
}

// number is the value of a key that holds one, of a duration in nanoseconds; 0 of others.
func (k key) number() int64 {
	switch to := k.to.(type) {
	case *int:
		return int64(*to)
	case *int64:
		return *to
	case *time.Duration:
		return int64(*to)
	}
	return 0
}

// most is the largest number of a key that has one; 0 for none. Whoever asks for more slipped, or wants what no machine holds.
func (k key) most() int64 {
	switch k.name {
	case "limits.body_bytes", "limits.answer_bytes":
		return 1 << 30
	case "limits.sending_bytes":
		return 1 << 36
	case "limits.url_bytes":
		return 1 << 20
	case "limits.headers":
		return 10_000
	case "limits.client_connections", "limits.connections":
		return 1 << 20
	case "limits.answer_time", "database.statement_time", "drain_time":
		return int64(24 * time.Hour)
	}
	return 0
}

// mostText is most as a person writes it.
func (k key) mostText() string {
	if _, ok := k.to.(*time.Duration); ok {
		return strings.TrimSuffix(time.Duration(k.most()).String(), "0m0s")
	}
	return strconv.FormatInt(k.most(), 10)
}

func (k key) kind() string {
	switch k.to.(type) {
	case *bool:
		return "truth value: write true or false"
	case *int, *int64:
		if strings.HasSuffix(k.name, "bytes") {
			return "whole number of bytes, such as 1048576"
		}
		return "whole number"
	case *time.Duration:
		return "duration, such as 500ms, 5s or 2m"
	}
	return "text"
}

// env is the key's environment variable.
func (k key) env() string { return "PINTAIL_" + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_")) }

// path says whether the key names a file or folder.
func (k key) path() bool {
	return slices.Contains([]string{"schema", "migrations", "public"}, k.name)
}

// secret says whether the key's value must never be shown.
func (k key) secret() bool {
	return k.name == "admin.secret" || k.name == "database.url" || k.name == "notify.webhook"
}

// envs gives all variables that set the key, the last one that is set counting: its own, and a short one for database.url.
func (k key) envs() []string {
	if k.name == "database.url" {
		return []string{"PINTAIL_DATABASE", k.env()}
	}
	return []string{k.env()}
}

func (c *config) check() error {
	switch c.REST.TxEnd {
	case "", "commit", "commit-allow-override", "rollback", "rollback-allow-override":
	default:
		return c.wrong("rest.tx_end", fmt.Errorf("%q is no end of a write; it is one of commit, commit-allow-override, rollback, rollback-allow-override", c.REST.TxEnd))
	}
	switch guard.Mode(c.Guard) {
	case guard.Auto, guard.Act, guard.Observe, guard.Off:
	default:
		return c.wrong("guard", fmt.Errorf("%q is nothing that the guard does; it is repair, observe or off", c.Guard))
	}
	if c.NotifyWebhook != "" {
		if err := guard.CheckWebhook(c.NotifyWebhook); err != nil {
			return c.wrong("notify.webhook", err)
		}
	}
	switch c.LogFormat {
	case "", "text", "json":
	default:
		return c.wrong("log.format", fmt.Errorf("%q is no form of the log; it is text or json", c.LogFormat))
	}
	var level slog.Level
	if c.LogLevel != "" && level.UnmarshalText([]byte(c.LogLevel)) != nil {
		return c.wrong("log.level", fmt.Errorf("%q is no level; it is debug, info, warn or error", c.LogLevel))
	}
	if err := c.Gate.Check(); err != nil {
		var of *pintail.KeyError
		if errors.As(err, &of) {
			return c.wrong(of.Key, of.Err)
		}
		return usage("%w", err)
	}
	if c.Database != "" {
		if _, err := engineOf(c.Database); err != nil {
			return err
		}
	}
	return nil
}

// database is the address that counts.
func (c *config) database() string { return cmp.Or(c.Database, defaultDatabase) }

// cacheBytes is how much memory the cache may take.
func (c *config) cacheBytes() int64 {
	if engine, err := engineOf(c.database()); err != nil || engine != migrate.SQLite {
		return 0
	}
	return max(0, cmp.Or(c.CacheBytes, pintail.DefaultCacheBytes))
}

// schemaPath is the schema file's, or its folder's: where nothing is said and there is no schema.graphql, schema/ is taken.
func (c *config) schemaPath() string {
	if c.Schema != "" {
		return filepath.Clean(c.Schema)
	}
	if _, err := os.Stat(defaultSchema); err != nil {
		if info, err := os.Stat("schema"); err == nil && info.IsDir() {
			return "schema"
		}
	}
	return defaultSchema
}
