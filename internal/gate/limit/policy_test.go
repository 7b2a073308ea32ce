package limit

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"100/s burst 200":               "100/s burst 200",
		"  100/s   burst  200 ":         "100/s burst 200",
		"100/s":                         "100/s burst 200",
		"1/h":                           "1/h burst 1",
		"100000000/s burst 1":           "100000000/s burst 1",
		"10000 rows/s burst 20000":      "10000 rows/s burst 20000",
		"report":                        "report 100/s burst 200",
		"report 5/m burst 9":            "report 5/m burst 9",
		"report 5 rows/m burst 9":       "report 5 rows/m burst 9",
		"off":                           "off",
		"100/s burst 360000000":         "100/s burst 360000000",
		"":                              "!is not a limit",
		"on":                            "!is not a limit",
		"100":                           "!is not a limit",
		"100/d":                         "!is not a limit",
		"1.5/s":                         "!is not a limit",
		"100/s burst":                   "!is not a limit",
		"100/s 200":                     "!is not a limit",
		"100/s burst 200 rows":          "!is not a limit",
		"off report":                    "!is not a limit",
		"report off":                    "!is not a limit",
		"0/s":                           "!is not a rate",
		"-1/s":                          "!is not a rate",
		"100000001/s":                   "!is not a rate",
		"99999999999999999999/s":        "!is not a limit",
		"100/s burst 0":                 "!not a whole number from 1",
		"100/s burst many":              "!not a whole number from 1",
		"100/s burst 360000001":         "!more than 1000 hours",
		"1/h burst 9223372036854775807": "!more than 1000 hours",
	} {
		p, err := Parse(text)
		if why, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), why) {
				t.Errorf("%q: %v, %v", text, p, err)
			}
			continue
		}
		if err != nil || p.String() != want {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"100/s burst 200", "report", "off", "5 rows/m burst 9", "report 1/h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(p.String())
		if err != nil || again != p {
			t.Fatalf("%q: %v, read again: %v, %v", text, p, again, err)
		}
		if p.Mode == Off {
			return
		}
		if l := New(p); l.take(Client{Name: "x"}, p.Burst, l.began).Over {
			t.Fatalf("%q: a full burst is over the limit", text)
		}
	})
}

func TestProxies(t *testing.T) {
	for _, c := range []struct{ text, why string }{
		{"10.0.0.7", ""}, {"10.0.0.0/8", ""}, {"fd00::/8", ""}, {"::1", ""}, {"::ffff:10.0.0.7", ""},
		{"::ffff:0:0/96", "trusts everyone"}, {"::ffff:10.0.0.7/104", "write 10.0.0.0/8"},
		{"10.0.0.7/8", "write 10.0.0.0/8"}, {"0.0.0.0/0", "trusts everyone"}, {"::/0", "trusts everyone"},
		{"proxy.local", "neither an address"}, {"10.0.0", "neither an address"}, {"fe80::1%eth0", "neither an address"}, {"10.0.0.0/33", "neither an address"},
	} {
		_, err := ParseProxies([]string{c.text})
		if (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
	if _, err := ParseProxies(make([]string, proxiesMax+1)); err == nil || !strings.Contains(err.Error(), "at most 1000") {
		t.Error(err)
	}
}

func TestBehind(t *testing.T) {
	proxies, err := ParseProxies([]string{"10.0.0.0/8", "fd00::/8", "::ffff:172.16.0.0/108"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		peer string
		xff  []string
		want string
	}{
		{"192.0.2.1", []string{"198.51.100.1"}, "192.0.2.1"}, // not a proxy: its word doesn't count
		{"10.0.0.1", nil, "10.0.0.1"},
		{"10.0.0.1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"::ffff:10.0.0.1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"}, // the left one is what the client says
		{"10.0.0.1", []string{"203.0.113.9", "198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1", []string{"203.0.113.9, 198.51.100.1, 10.1.1.1"}, "198.51.100.1"},
		{"10.0.0.1", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"10.0.0.1", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"10.0.0.1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"10.0.0.1", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"172.16.0.1", []string{"198.51.100.1"}, "198.51.100.1"}, // named as IPv6 writes it
		{"fd00::1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"10.0.0.1", []string{"10.1.1.1, 10.2.2.2"}, "10.1.1.1"}, // nobody but proxies
		{"10.0.0.1", []string{"unknown"}, "10.0.0.1"},
		{"10.0.0.1", []string{"198.51.100.1, nonsense, 10.1.1.1"}, "10.1.1.1"},
		{"10.0.0.1", []string{""}, "10.0.0.1"},
		{"10.0.0.1", []string{strings.Repeat("10.9.9.9,", 1000) + "10.1.1.1"}, "10.9.9.9"},
	} {
		got := proxies.Behind(netip.MustParseAddr(c.peer), func(name string) []string {
			if name != "X-Forwarded-For" {
				t.Fatal(name)
			}
			return c.xff
		})
		if got.String() != c.want {
			t.Errorf("%s, %q: %s, not %s", c.peer, c.xff, got, c.want)
		}
	}
}

func FuzzBehind(f *testing.F) {
	f.Add("203.0.113.9, 198.51.100.1, 10.1.1.1")
	f.Add("[2001:db8::1]:4711,,x")
	proxies, err := ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, xff string) {
		got := proxies.Behind(netip.MustParseAddr("10.0.0.1"), func(string) []string { return []string{xff} })
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Fatalf("%q: %v", xff, got)
		}
	})
}
