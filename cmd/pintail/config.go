package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"

	"github.com/agnivade/levenshtein"

	"github.com/pintail-dev/pintail"
)

// A config is every key of pintail.yaml. Order of what counts: flags, environment, file, defaults.
type config struct {
	pintail.Config
	Schemas    []string // database.schemas: PostgreSQL schemas that import reads
	SearchPath []string // database.search_path
	Migrations string
	LogFormat  string // text, json; empty: text on a terminal, JSON elsewhere
	LogLevel   string
}

// A key is one setting: its name in the file, what it says in docs/config.md, and where its value goes.
type key struct {
	name, doc string
	to        any // *string, *bool, *int, *int64, *time.Duration or *[]string
}

// keys lists all settings of c in the order of docs/config.md.
func (c *config) keys() []key {
	return []key{
		{"schema", "the schema file, or a directory of *.graphql", &c.Schema},
		{"queries", "the directory of named queries; default: queries/ beside the schema file", &c.Queries},
		{"migrations", "the directory of migrations; default: migrations/ beside the schema file", &c.Migrations},
		{"public", "the directory of static files served at /; default: public/ beside the schema file", &c.Public},
		{"database.url", "sqlite:PATH or postgres://…", &c.Database},
		{"database.schemas", "PostgreSQL schemas that `schema import` reads and exposes, comma-separated", &c.Schemas},
		{"database.search_path", "further PostgreSQL schemas of the search path, for `schema import`", &c.SearchPath},
		{"database.connections", "connections to the database; 0 lets the engine choose", &c.ConnectionsMax},
		{"database.transaction_pooling", "the database stands behind PgBouncer in transaction mode", &c.TransactionPooling},
		{"database.statement_time", "the longest that one SQL statement may take", &c.StatementTime},
		{"listen", "the address that serves the API", &c.Listen},
		{"admin.listen", "the address of /livez, /readyz and /metrics, or off", &c.Admin},
		{"admin.hosts", "Host headers that the admin address answers besides loopback ones", &c.AdminHosts},
		{"admin.secret", "opens everything to whoever sends it; keep it in the environment", &c.AdminSecret},
		{"cors.origins", "origins of pages that may call the API; * for all", &c.Origins},
		{"rest.tx_end", "how writes end: commit, commit-allow-override, rollback, rollback-allow-override", &c.REST.TxEnd},
		{"rest.max_rows", "the most rows that one answer holds; 0 for no limit", &c.REST.MaxRows},
		{"rest.aggregates", "allow aggregates in select", &c.REST.Aggregates},
		{"rest.plan", "answer application/vnd.pgrst.plan", &c.REST.Plan},
		{"rest.server_timing", "answer with Server-Timing", &c.ServerTimes},
		{"limits.body_bytes", "the largest body of a request", &c.Limits.BodyBytesMax},
		{"limits.url_bytes", "the longest URL", &c.Limits.URLBytesMax},
		{"limits.headers", "the most header lines of a request", &c.Limits.HeadersMax},
		{"limits.answer_bytes", "the largest answer", &c.AnswerBytesMax},
		{"limits.answer_time", "the longest that a request may take", &c.AnswerTime},
		{"drain_time", "how long /readyz says no before the listener closes, on stop", &c.DrainTime},
		{"log.format", "text or json; default: text on a terminal, json elsewhere", &c.LogFormat},
		{"log.level", "debug, info, warn or error", &c.LogLevel},
		{"log.slow", "statements that take longer are logged with their plan; negative for none", &c.SlowTime},
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
		return fmt.Errorf("%q is no %s", text, k.kind())
	}
	return nil
}

func (k key) kind() string {
	switch k.to.(type) {
	case *bool:
		return "true or false"
	case *int, *int64:
		return "whole number"
	case *time.Duration:
		return "duration, such as 500ms, 5s or 2m"
	}
	return "text"
}

// env is the key's environment variable.
func (k key) env() string { return "PINTAIL_" + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_")) }

// envs gives all variables that set the key, the last one that is set counting: its own, and a short one for database.url.
func (k key) envs() []string {
	if k.name == "database.url" {
		return []string{"PINTAIL_DATABASE", k.env()}
	}
	return []string{k.env()}
}

// flags are those that every verb knows.
type flags struct {
	config, schema, database, listen, admin string
	json                                    bool
}

func (f *flags) add(set *pflag.FlagSet) {
	set.StringVar(&f.config, "config", "", "the configuration file (default pintail.yaml, if it is there)")
	set.StringVar(&f.schema, "schema", "", "the schema file or directory (default schema.graphql)")
	set.StringVar(&f.database, "database", "", "sqlite:PATH or postgres://… (default sqlite:data/pintail.db)")
	set.BoolVar(&f.json, "json", false, "print data as JSON")
}

// load reads file, environment and flags, in rising order.
func (f *flags) load() (*config, error) {
	c := &config{}
	path, must := f.config, true
	if path == "" {
		path, must = "pintail.yaml", false
		if p := os.Getenv("PINTAIL_CONFIG"); p != "" {
			path, must = p, true
		}
	}
	if err := c.file(path, must); err != nil {
		return nil, err
	}
	for _, k := range c.keys() {
		for _, name := range k.envs() {
			if text, ok := os.LookupEnv(name); ok {
				if err := k.set(text); err != nil {
					return nil, usage("the environment variable %s: %w", name, secretly(k, err))
				}
			}
		}
	}
	if hasPassword(f.database) {
		return nil, usage("--database holds a password, which every user of this machine can see in the list of processes; set it in PINTAIL_DATABASE_URL, PGPASSWORD, ~/.pgpass or pintail.yaml instead")
	}
	c.Schema = cmp.Or(f.schema, c.Schema)
	c.Database = cmp.Or(f.database, c.Database)
	c.Listen = cmp.Or(f.listen, c.Listen)
	c.Admin = cmp.Or(f.admin, c.Admin)
	return c, c.check()
}

func secretly(k key, err error) error {
	if k.name == "admin.secret" || k.name == "database.url" {
		return errors.New("its value can't be read")
	}
	return err
}

// file reads the keys of a YAML file: nested maps, or dotted names.
func (c *config) file(path string, must bool) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !must {
		return nil
	}
	if err != nil {
		return usage("read the configuration: %w", err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return usage("%s is no YAML: %s", path, yaml.FormatError(err, false, true))
	}
	known := map[string]key{}
	var names []string
	for _, k := range c.keys() {
		known[k.name] = k
		names = append(names, k.name)
	}
	flat := map[string]string{}
	if err := flatten("", tree, flat); err != nil {
		return usage("%s: %w", path, err)
	}
	for _, name := range sortedKeys(flat) {
		k, ok := known[name]
		if !ok {
			return usage("%s: there is no key %q; did you mean %q?", path, name, nearest(name, names))
		}
		if err := k.set(flat[name]); err != nil {
			return usage("%s: %s: %w", path, name, secretly(k, err))
		}
	}
	return nil
}

func flatten(prefix string, tree map[string]any, into map[string]string) error {
	for name, v := range tree {
		switch v := v.(type) {
		case map[string]any:
			if err := flatten(prefix+name+".", v, into); err != nil {
				return err
			}
		case []any:
			var list []string
			for _, one := range v {
				list = append(list, fmt.Sprint(one))
			}
			into[prefix+name] = strings.Join(list, ",")
		case nil:
		default:
			into[prefix+name] = fmt.Sprint(v)
		}
	}
	return nil
}

func sortedKeys(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func nearest(name string, among []string) string {
	return slices.MinFunc(among, func(a, b string) int {
		return levenshtein.ComputeDistance(name, a) - levenshtein.ComputeDistance(name, b)
	})
}

func (c *config) check() error {
	switch c.REST.TxEnd {
	case "", "commit", "commit-allow-override", "rollback", "rollback-allow-override":
	default:
		return usage("rest.tx_end is %q; it is one of commit, commit-allow-override, rollback, rollback-allow-override", c.REST.TxEnd)
	}
	switch c.LogFormat {
	case "", "text", "json":
	default:
		return usage("log.format is %q; it is text or json", c.LogFormat)
	}
	return nil
}

// hasPassword says whether a database address carries one.
func hasPassword(dsn string) bool {
	_, rest, ok := strings.Cut(dsn, "://")
	if !ok {
		return false
	}
	authority, query, _ := strings.Cut(rest, "?")
	if at := strings.LastIndex(authority, "@"); at >= 0 && strings.Contains(authority[:at], ":") {
		return true
	}
	return strings.Contains(query, "password=")
}

// addListen adds the flags of verbs that listen.
func (f *flags) addListen(set *pflag.FlagSet) {
	set.StringVar(&f.listen, "listen", "", "the address that serves the API (default 127.0.0.1:8080)")
	set.StringVar(&f.admin, "admin", "", "the address of /livez, /readyz and /metrics, or off (default 127.0.0.1:8081)")
}
