package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"

	"github.com/pintail-dev/pintail/schema"
)

// flags are those that every verb knows, and those of the verbs that listen.
type flags struct {
	config, schema, database, listen, admin string
	json                                    bool
}

func (f *flags) add(set *pflag.FlagSet) {
	set.StringVar(&f.config, "config", "", "the configuration `file` (default pintail.yaml, if it is there)")
	set.StringVar(&f.schema, "schema", "", "the schema file or folder, a `path` (default schema.graphql)")
	set.StringVar(&f.database, "database", "", "the database's `address`: sqlite:PATH or postgres://… (default sqlite:data/pintail.db)")
	set.BoolVar(&f.json, "json", false, "print data as JSON")
}

// addListen adds the flags of verbs that listen.
func (f *flags) addListen(set *pflag.FlagSet) {
	set.StringVar(&f.listen, "listen", "", "the `address` that serves the API; port 0 for any free one (default 127.0.0.1:8080)")
	set.StringVar(&f.admin, "admin", "", "the `address` of the console, /livez, /readyz and /metrics, or off (default 127.0.0.1:8081)")
}

// load reads file, environment and flags, in rising order. What is odd but no mistake is said on c.
func (f *flags) load(c console) (*config, error) {
	conf := &config{}
	path, must := f.config, true
	if path == "" {
		path, must = "pintail.yaml", false
		if p := os.Getenv("PINTAIL_CONFIG"); p != "" {
			path, must = p, true
		}
	}
	if err := conf.file(path, must); err != nil {
		return nil, err
	}
	if err := conf.environment(); err != nil {
		return nil, err
	}
	for _, name := range strangers(conf.keys(), os.Environ()) {
		c.say("pintail: the environment variable %s is no setting of Pintail's%s", harmless(name), variableMeant(name, envNames(conf.keys())))
	}
	if err := refusePassword("--database", f.database); err != nil {
		return nil, err
	}
	conf.Schema = cmp.Or(f.schema, conf.Schema)
	conf.Database = cmp.Or(f.database, conf.Database)
	conf.Listen = cmp.Or(f.listen, conf.Listen)
	conf.Admin = cmp.Or(f.admin, conf.Admin)
	return conf, conf.check()
}

// environment reads the variables of all keys.
func (c *config) environment() error {
	for _, k := range c.keys() {
		for _, name := range k.envs() {
			if text, ok := os.LookupEnv(name); ok {
				c.from(k, "the environment variable "+name)
				if err := k.set(text); err != nil {
					return c.wrong(k.name, err)
				}
			}
		}
	}
	return c.hold()
}

// holdVariable holds a rebuild of the guard's back for a while, so that people and stories see what happens meanwhile. It is no key of
// the file: nobody should live with it.
const holdVariable = "PINTAIL_GUARD_HOLD"

// hold reads it.
func (c *config) hold() error {
	text, ok := os.LookupEnv(holdVariable)
	if !ok {
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > guardHoldMax {
		return usage("the environment variable %s: %q is not a duration from 0s to %s, such as 10s", holdVariable, text, guardHoldMax)
	}
	c.GuardHold = d
	return nil
}

// guardHoldMax bounds it.
const guardHoldMax = 10 * time.Minute

func envNames(keys []key) []string {
	var names []string
	for _, k := range keys {
		names = append(names, k.envs()...)
	}
	return names
}

// variableMeant ends a sentence about a variable that is none of ours. All of them begin alike, which says nothing.
func variableMeant(name string, among []string) string {
	const prefix = "PINTAIL_"
	rest := make([]string, len(among))
	for i, one := range among {
		rest[i] = strings.TrimPrefix(one, prefix)
	}
	if near := nearest(strings.TrimPrefix(name, prefix), rest); near != "" {
		return "; did you mean " + prefix + near + "?"
	}
	return "; docs/config.md lists them all"
}

// strangers gives the variables that look like Pintail's and are none: a setting with a slip in its name would be
// without effect, and nobody would know. PINTAIL_TEST_… and PINTAIL_PROVE are the tests'.
func strangers(keys []key, environ []string) []string {
	known := append(envNames(keys), "PINTAIL_CONFIG", "PINTAIL_PROVE", holdVariable)
	var out []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "PINTAIL_") && !strings.HasPrefix(name, "PINTAIL_TEST_") && !slices.Contains(known, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// file reads the keys of a YAML file: nested maps, or dotted names. Paths in it start from the file's own folder.
func (c *config) file(path string, must bool) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !must {
		return nil
	}
	if err != nil {
		return usage("read the configuration: %w", err)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // as some editors begin a file
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		// Without the source: the line may hold a secret.
		return usage("%s can't be read as YAML: %s", path, strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	lines, second := keyLines(text)
	if second > 0 {
		return usage("%s:%d: this belongs to a second YAML document: write all keys into one, without a line --- between them", path, second)
	}
	flat := map[string]string{}
	if twice := flatten("", tree, flat); twice != "" {
		return usage("%s: %s is set twice", place(path, lines, twice), twice)
	}
	known := map[string]key{}
	for _, k := range c.keys() {
		known[k.name] = k
	}
	names := slices.Sorted(maps.Keys(known))
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		k, ok := known[name]
		if !ok {
			at := place(path, lines, name)
			if group := below(name, names); len(group) > 0 {
				return usage("%s: %s is a group of keys: %s", at, name, strings.Join(group, ", "))
			}
			if near := nearest(name, names); near != "" {
				return usage("%s: there is no key %q; did you mean %q?", at, name, near)
			}
			return usage("%s: there is no key %q; docs/config.md lists them all", at, name)
		}
		c.from(k, place(path, lines, name)+": "+name)
		if err := k.set(starting(filepath.Dir(path), k, flat[name])); err != nil {
			return c.wrong(name, err)
		}
	}
	return nil
}

// from notes where a key is set.
func (c *config) from(k key, where string) {
	if c.where == nil {
		c.where = map[string]string{}
	}
	c.where[k.name] = where
}

// wrong is the error of a key: where it is set, and what is wrong.
func (c *config) wrong(name string, err error) error {
	return usage("%s: %w", cmp.Or(c.where[name], name), err)
}

// starting lets a relative path start at a folder.
func starting(dir string, k key, text string) string {
	if p, ok := strings.CutPrefix(text, "sqlite:"); ok && k.name == "database.url" && !filepath.IsAbs(p) && p != "" {
		return "sqlite:" + filepath.Join(dir, p)
	}
	if k.path() && !filepath.IsAbs(text) {
		return filepath.Join(dir, text)
	}
	return text
}

// below gives the names that begin with a group's.
func below(group string, names []string) []string {
	var out []string
	for _, n := range names {
		if strings.HasPrefix(n, group+".") {
			out = append(out, n)
		}
	}
	return out
}

// flatten gives the keys of a tree their dotted names. Where two keys have the same, it gives that.
func flatten(prefix string, tree map[string]any, into map[string]string) (twice string) {
	for name, v := range tree {
		name = prefix + name
		text := ""
		switch v := v.(type) {
		case map[string]any:
			if twice := flatten(name+".", v, into); twice != "" {
				return twice
			}
			continue
		case nil:
			continue
		case []any:
			var list []string
			for _, one := range v {
				list = append(list, fmt.Sprint(one))
			}
			text = strings.Join(list, ",")
		default:
			text = fmt.Sprint(v)
		}
		if _, ok := into[name]; ok {
			return name
		}
		into[name] = text
	}
	return ""
}

// project reads the configuration and the schema file that it names.
func (f *flags) project(c console) (*config, *schema.Schema, error) {
	conf, err := f.load(c)
	if err != nil {
		return nil, nil, err
	}
	s, err := loadSchema(conf)
	return conf, s, err
}

// loadSchema reads the schema file; where there is none it says how to come by one.
func loadSchema(conf *config) (*schema.Schema, error) {
	s, err := schema.Load(conf.schemaPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage(`there is no schema file %s here. To come by one:
  pintail new DIR                       begin a project
  pintail demo                          make one to look at
  pintail schema import --database …    write it from a database that is there
or name it with --schema`, conf.schemaPath())
	}
	return s, err
}
