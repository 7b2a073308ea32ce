package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// inFolder begins a test in an empty folder, with a configuration file and no setting in the environment.
func inFolder(t *testing.T, yaml string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, kv := range os.Environ() {
		if name, value, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "PINTAIL_") {
			os.Unsetenv(name)
			t.Cleanup(func() { os.Setenv(name, value) })
		}
	}
	if yaml != "" {
		if err := os.WriteFile("pintail.yaml", []byte(yaml), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func loadConfig(t *testing.T, f flags) (*config, string, error) {
	t.Helper()
	var said bytes.Buffer
	c, err := f.load(console{err: &said})
	return c, said.String(), err
}

func TestFlagsCountBeforeEnvironmentBeforeFile(t *testing.T) {
	for name, c := range map[string]struct {
		yaml, env, flag, want string
	}{
		"default":     {want: ""},
		"file":        {yaml: "listen: 127.0.0.1:1", want: "127.0.0.1:1"},
		"environment": {yaml: "listen: 127.0.0.1:1", env: "127.0.0.1:2", want: "127.0.0.1:2"},
		"flag":        {yaml: "listen: 127.0.0.1:1", env: "127.0.0.1:2", flag: "127.0.0.1:3", want: "127.0.0.1:3"},
	} {
		t.Run(name, func(t *testing.T) {
			inFolder(t, c.yaml)
			if c.env != "" {
				t.Setenv("PINTAIL_LISTEN", c.env)
			}
			conf, _, err := loadConfig(t, flags{listen: c.flag})
			if err != nil || conf.Listen != c.want {
				t.Errorf("listen is %q, %v; want %q", conf.Listen, err, c.want)
			}
		})
	}
}

// A number below zero means nothing, except where docs/config.md says that it stands for none.
func TestKeysBelowZero(t *testing.T) {
	for _, k := range new(config).keys() {
		inFolder(t, "")
		switch k.to.(type) {
		case *int, *int64:
			t.Setenv(k.env(), "-1")
		case *time.Duration:
			t.Setenv(k.env(), "-1s")
		default:
			continue
		}
		_, _, err := loadConfig(t, flags{})
		if allowed := strings.Contains(k.doc, "negative for none"); allowed != (err == nil) {
			t.Errorf("%s below zero: %v", k.name, err)
		} else if !allowed && !strings.Contains(err.Error(), "below zero") {
			t.Errorf("%s: %v", k.name, err)
		}
	}
}

// A number that no machine holds is a slip; at the most that docs/config.md names it is taken.
func TestKeysAbove(t *testing.T) {
	limits := 0
	for _, k := range new(config).keys() {
		if strings.HasPrefix(k.name, "limits.") && k.number() == 0 && k.most() > 0 {
			limits++
		}
		if k.most() == 0 {
			continue
		}
		inFolder(t, "")
		text := func(n int64) string {
			if _, ok := k.to.(*time.Duration); ok {
				return time.Duration(n).String()
			}
			return strconv.FormatInt(n, 10)
		}
		t.Setenv(k.env(), text(k.most()))
		if _, _, err := loadConfig(t, flags{}); err != nil {
			t.Errorf("%s at its most: %v", k.name, err)
		}
		t.Setenv(k.env(), text(k.most()+1))
		if _, _, err := loadConfig(t, flags{}); err == nil || !strings.Contains(err.Error(), "is too much; it is at most "+k.mostText()) {
			t.Errorf("%s above it: %v", k.name, err)
		}
	}
	if limits != 8 {
		t.Errorf("%d keys of limits have a most", limits)
	}
}

// What is wrong with a key is said with its line, however the file is written; nonsense in any key under limits is refused.
func TestMistakesHaveLines(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{"listen: 127.0.0.1:1\nlimits:\n  shedding: on\n  default: plenty\n", `pintail.yaml:4: limits.default: "plenty" is not a limit: write 100/s burst 200`},
		{"limits.default: 5\n", `pintail.yaml:1: limits.default: "5" is not a limit`},
		{"limits.default: 0/s\n", `pintail.yaml:1: limits.default: "0/s": 0 is not a rate`},
		{"limits.default: 1/d\n", `pintail.yaml:1: limits.default: "1/d" is not a limit`},
		{"limits.default: 10/s burst 0\n", `pintail.yaml:1: limits.default: "10/s burst 0": the burst "0" is not a whole number from 1 on`},
		{"limits.default: 1/h burst 99999999\n", `pintail.yaml:1: limits.default: "1/h burst 99999999": a burst of 99999999 would take more than 1000 hours`},
		{"limits.default: [10/s, 20/s]\n", `pintail.yaml:1: limits.default: "10/s,20/s" is not a limit`},
		{"limits:\n  default:\n    rate: 5\n", `pintail.yaml:3: there is no key "limits.default.rate"`},
		{"limits:\n  trusted_proxies:\n    - 10.0.0.0/8\n    - me\n", `pintail.yaml:2: limits.trusted_proxies: "me" is neither an address`},
		{"limits:\n\n  trusted_proxies: 10.0.0.1/8\n", `pintail.yaml:3: limits.trusted_proxies: "10.0.0.1/8" is an address inside of a network: write 10.0.0.0/8`},
		{"{limits: {client_connections: many}}\n", `pintail.yaml:1: limits.client_connections: "many" is not a whole number`},
		{"\"limits.connections\": 1.5\n", `pintail.yaml:1: limits.connections: "1.5" is not a whole number`},
		{"limits.connections: 99999999999999999999\n", `pintail.yaml:1: limits.connections: "99999999999999999999" is not a whole number`},
		{"limits.shedding: yes\n", `pintail.yaml:1: limits.shedding: "yes" is neither on nor off`},
		{"limits.body_bytes: 1MB\n", `pintail.yaml:1: limits.body_bytes: "1MB" is not a whole number of bytes, such as 1048576`},
		{"limits.url_bytes: -1\n", `pintail.yaml:1: limits.url_bytes: "-1" is below zero`},
		{"limits.headers: 1000000\n", `pintail.yaml:1: limits.headers: "1000000" is too much; it is at most 10000`},
		{"limits.answer_bytes: 9223372036854775807\n", `pintail.yaml:1: limits.answer_bytes: "9223372036854775807" is too much; it is at most 1073741824`},
		{"limits.sending_bytes: lots\n", `pintail.yaml:1: limits.sending_bytes: "lots" is not a whole number of bytes`},
		{"limits.answer_time: 30\n", `pintail.yaml:1: limits.answer_time: "30" is not a duration, such as 500ms, 5s or 2m`},
		{"limits.answer_time: 1000h\n", `pintail.yaml:1: limits.answer_time: "1000h" is too much; it is at most 24h`},
		{"# limits\nlimits:\n  # of clients\n  defualt: 5/s\n", `pintail.yaml:4: there is no key "limits.defualt"; did you mean "limits.default"?`},
		{"limits: 5\n", `pintail.yaml:1: limits is a group of keys: limits.answer_bytes`},
		{"limits: &l\n  default: x\n", `pintail.yaml:2: limits.default: "x" is not a limit`},
		{"\n\nguard: maybe\n", `pintail.yaml:3: guard: "maybe" is nothing that the guard does`},
		{"listen: 127.0.0.1:1\n---\nlimits.default: 5/s\n", `pintail.yaml:3: this belongs to a second YAML document`},
		{"# one\n---\nlimits.default: x\n---\n", `pintail.yaml:3: limits.default: "x" is not a limit`},
		{"\ufefflimits.default: x\n", `pintail.yaml:1: limits.default: "x" is not a limit`},
		{"limits.default: 5/s\nlimits:\n  default: 6/s\n", `pintail.yaml:3: limits.default is set twice`},
	} {
		inFolder(t, c.yaml)
		if _, _, err := loadConfig(t, flags{}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v\nwant %s", c.yaml, err, c.want)
		}
	}
	inFolder(t, "limits.default: 5/s\n") // what is written over isn't looked at
	t.Setenv("PINTAIL_LIMITS_DEFAULT", "often")
	if _, _, err := loadConfig(t, flags{}); err == nil || !strings.HasPrefix(err.Error(), `the environment variable PINTAIL_LIMITS_DEFAULT: "often" is not a limit`) {
		t.Error(err)
	}
}

func TestKeysAreNestedOrDotted(t *testing.T) {
	for _, yaml := range []string{
		"rest:\n  max_rows: 2\n  aggregates: true\nlog:\n  slow: 2s\ncors:\n  origins: [https://a.example, https://b.example]\n",
		"rest.max_rows: 2\nrest.aggregates: true\nlog.slow: 2s\ncors.origins: https://a.example, https://b.example\n",
	} {
		inFolder(t, yaml)
		conf, _, err := loadConfig(t, flags{})
		if err != nil {
			t.Fatal(err)
		}
		if conf.REST.MaxRows != 2 || !conf.REST.Aggregates || conf.SlowTime != 2*time.Second || len(conf.Origins) != 2 || conf.Origins[1] != "https://b.example" {
			t.Errorf("%q is read as %+v", yaml, conf)
		}
	}
}

func TestPathsOfTheFileStartInItsFolder(t *testing.T) {
	inFolder(t, "")
	if err := os.MkdirAll("shop", 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("shop", "pintail.yaml")
	if err := os.WriteFile(path, []byte("schema: s.graphql\ndatabase.url: sqlite:data/x.db\npublic: /srv/www\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PINTAIL_CONFIG", path)
	conf, _, err := loadConfig(t, flags{})
	if err != nil {
		t.Fatal(err)
	}
	if conf.Schema != "shop/s.graphql" || conf.Database != "sqlite:shop/data/x.db" || conf.Public != "/srv/www" {
		t.Errorf("read %q, %q, %q", conf.Schema, conf.Database, conf.Public)
	}
}

func TestLimitsInTheFile(t *testing.T) {
	inFolder(t, "limits:\n  default: off\n  shedding: off\n  trusted_proxies:\n    - 10.0.0.0/8\n    - ::1\n  client_connections: 9\n")
	conf, _, err := loadConfig(t, flags{})
	if err != nil || conf.Gate.Limit != "off" || conf.Gate.Shedding != "off" || len(conf.Gate.TrustedProxies) != 2 || conf.Gate.ClientConnectionsMax != 9 {
		t.Errorf("%+v %v", conf.Gate, err)
	}
}

func TestWrongConfigurations(t *testing.T) {
	const secret = "hunter2"
	for name, c := range map[string]struct {
		yaml string
		env  [2]string
		f    flags
		want string
	}{
		"a key like no other":       {yaml: "zebra: 3", want: `there is no key "zebra"; docs/config.md lists them all`},
		"a key with a slip":         {yaml: "rest:\n  max_row: 3", want: `there is no key "rest.max_row"; did you mean "rest.max_rows"?`},
		"a group as a key":          {yaml: "rest: 3", want: "rest is a group of keys: rest.aggregates, rest.max_rows"},
		"a key twice":               {yaml: "rest.max_rows: 3\nrest:\n  max_rows: 4", want: "rest.max_rows is set twice"},
		"no YAML":                   {yaml: "rest: [", want: "pintail.yaml can't be read as YAML"},
		"a word for a number":       {yaml: "rest.max_rows: many", want: `rest.max_rows: "many" is not a whole number`},
		"a number without a unit":   {yaml: "log.slow: 5", want: `"5" is not a duration, such as 500ms`},
		"no truth value":            {env: [2]string{"PINTAIL_REST_PLAN", "perhaps"}, want: `PINTAIL_REST_PLAN: "perhaps" is not a truth value`},
		"an end that there isn't":   {yaml: "rest.tx_end: maybe", want: "it is one of commit, commit-allow-override"},
		"a form that there isn't":   {yaml: "log.format: xml", want: `log.format: "xml" is no form of the log; it is text or json`},
		"a webhook without https":   {yaml: "notify.webhook: ftp://u:" + secret + "@hooks.example.com/x", want: "notify.webhook: it must begin with https:// or http://"},
		"a webhook without a host":  {yaml: "notify.webhook: https:///" + secret, want: "notify.webhook: it names no host"},
		"a level that there isn't":  {yaml: "log.level: loud", want: `log.level: "loud" is no level`},
		"an engine":                 {f: flags{database: "mysql://u@h/d"}, want: `"mysql://u@h/d" begins with neither sqlite: nor postgres://`},
		"a URL of SQLite":           {f: flags{database: "sqlite://data/x.db"}, want: "write sqlite:data/x.db"},
		"a SQLite without a file":   {f: flags{database: "sqlite:"}, want: "names no file"},
		"a file that isn't there":   {f: flags{config: "nowhere.yaml"}, want: "read the configuration: open nowhere.yaml"},
		"a password in a flag":      {f: flags{database: "postgres://u:" + secret + "@h/d"}, want: "--database holds a password"},
		"a password as a parameter": {f: flags{database: "postgres://u@h/d?password=" + secret}, want: "--database holds a password"},
		"a limit that is none":      {yaml: "limits.default: plenty", want: `limits.default: "plenty" is not a limit: write 100/s burst 200`},
		"a limit of nothing":        {yaml: "limits:\n  default: 0/s", want: `limits.default: "0/s": 0 is not a rate`},
		"a proxy by name":           {yaml: "limits.trusted_proxies: [10.0.0.0/8, proxy.local]", want: `limits.trusted_proxies: "proxy.local" is neither an address`},
		"everyone as a proxy":       {yaml: "limits.trusted_proxies: 0.0.0.0/1, 128.0.0.0/1", want: "100 % of all IPv4 addresses: anybody could name any address"},
		"connections below none":    {yaml: "limits.connections: -5", want: "limits.connections: \"-5\" is below zero"},
		"half shedding":             {yaml: "limits.shedding: half", want: `pintail.yaml:1: limits.shedding: "half" is neither on nor off`},
		"a secret in broken YAML":   {yaml: "admin.secret: [" + secret, want: "can't be read as YAML"},
		"a secret with an engine":   {yaml: "database.url: mysql://u:" + secret + "@h/d", want: "begins with neither"},
	} {
		t.Run(name, func(t *testing.T) {
			inFolder(t, c.yaml)
			if c.env[0] != "" {
				t.Setenv(c.env[0], c.env[1])
			}
			_, said, err := loadConfig(t, c.f)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("the error is %v, want %q in it", err, c.want)
			}
			if e, ok := err.(*exitError); !ok || e.code != 2 {
				t.Errorf("the exit code of %v is not 2", err)
			}
			if strings.Contains(err.Error()+said, secret) {
				t.Errorf("the secret is in %q", err.Error()+said)
			}
		})
	}
}

func TestEveryKeyIsAnEnvironmentVariable(t *testing.T) {
	inFolder(t, "")
	for _, k := range (&config{}).keys() {
		text := map[string]string{
			"rest.tx_end": "rollback", "guard": "observe", "log.format": "json", "log.level": "warn", "database.url": "sqlite:x.db",
			"limits.default": "5/s", "limits.trusted_proxies": "10.0.0.0/8", "limits.shedding": "off", "notify.webhook": "https://example.com/x",
		}[k.name]
		if text == "" {
			switch k.to.(type) {
			case *bool:
				text = "true"
			case *int, *int64:
				text = "7"
			case *time.Duration:
				text = "7s"
			default:
				text = "seven"
			}
		}
		t.Run(k.name, func(t *testing.T) {
			t.Setenv(k.env(), text)
			conf, said, err := loadConfig(t, flags{})
			if err != nil || said != "" {
				t.Fatalf("%s=%s: %v %s", k.env(), text, err, said)
			}
			for _, set := range conf.keys() {
				if set.name == k.name && shownValue(set) != text {
					t.Errorf("%s=%s sets %s", k.env(), text, shownValue(set))
				}
			}
		})
	}
}

// shownValue writes a key's value as text.
func shownValue(k key) string {
	switch to := k.to.(type) {
	case *string:
		return *to
	case *bool:
		return map[bool]string{true: "true", false: "false"}[*to]
	case *int:
		return grouped(int64(*to))
	case *int64:
		return grouped(*to)
	case *time.Duration:
		return to.String()
	case *[]string:
		return strings.Join(*to, ",")
	}
	return "?"
}

func TestStrangeVariablesAreSaid(t *testing.T) {
	inFolder(t, "")
	t.Setenv("PINTAIL_REST_MAX_ROW", "3")
	t.Setenv("PINTAIL_TEST_POSTGRES", "postgres://")
	_, said, err := loadConfig(t, flags{})
	if err != nil || !strings.Contains(said, "PINTAIL_REST_MAX_ROW is no setting of Pintail's; did you mean PINTAIL_REST_MAX_ROWS?") {
		t.Errorf("said %q, %v", said, err)
	}
	if strings.Contains(said, "POSTGRES") {
		t.Errorf("the tests' own variable is called strange: %q", said)
	}
}

func TestShownHidesPasswords(t *testing.T) {
	for address, want := range map[string]string{
		"sqlite:data/x.db":                                "sqlite:data/x.db",
		"postgres://me:pw@host:5432/shop":                 "postgres://me@host:5432/shop",
		"postgres://me@host/shop?password=pw&sslmode=off": "postgres://me@host/shop",
		"postgres://me:p w@%zz/":                          "(an address that can't be read)",
		"host=h password=pw":                              "(an address that can't be read)",
	} {
		if got := shown(address); got != want {
			t.Errorf("%q is shown as %q, want %q", address, got, want)
		}
	}
}
