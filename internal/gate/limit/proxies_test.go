package limit

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestProxies(t *testing.T) {
	for _, c := range []struct{ text, why string }{
		{"10.0.0.7", ""}, {"10.0.0.0/8", ""}, {"fd00::/8", ""}, {"::1", ""}, {"::ffff:10.0.0.7", ""},
		{"::ffff:0:0/96", "100 %"}, {"::ffff:10.0.0.7/104", "write 10.0.0.0/8"},
		{"10.0.0.7/8", "write 10.0.0.0/8"}, {"0.0.0.0/0", "100 %"}, {"::/0", "100 %"},
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

// TestProxiesTogether: networks are judged by all that they hold together, however it is cut up.
func TestProxiesTogether(t *testing.T) {
	for _, c := range []struct {
		list []string
		why  string
	}{
		{[]string{"0.0.0.0/1", "128.0.0.0/1"}, "0.0.0.0/1, 128.0.0.0/1: that is 100 % of all IPv4 addresses: anybody could name any address; name the proxies themselves"},
		{[]string{"0.0.0.0/2", "192.0.0.0/3", "128.0.0.0/2", "64.0.0.0/2", "224.0.0.0/4"}, "0.0.0.0/2, 128.0.0.0/2, 64.0.0.0/2, 192.0.0.0/3, and 1 more: that is 94 %"},
		{[]string{"0.0.0.0/2", "10.0.0.0/8", "192.0.0.0/2"}, "0.0.0.0/2, 192.0.0.0/2: that is 50 %"},
		{[]string{"0.0.0.0/2", "0.0.0.0/2", "10.0.0.0/8", "10.1.0.0/16", "192.0.0.0/3"}, ""}, // three eighths, each counted once
		{[]string{"::ffff:0:0/97", "128.0.0.0/1"}, "100 % of all IPv4"},
		{[]string{"2000::/4", "3000::/4"}, "2000::/4, 3000::/4: that is 100 % of all public IPv6"},
		{[]string{"::/1"}, "100 % of all public IPv6"},
		{[]string{"8000::/1", "fd00::/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "2400:cb00::/32", "2606:4700::/32"}, ""}, // nothing public is in the upper half
	} {
		_, err := ParseProxies(c.list)
		if (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, not %s", c.list, err, c.why)
		}
	}
	var scattered []string // no two of which have anything to do with each other, and together they are half of all
	for i := range 512 {
		scattered = append(scattered, fmt.Sprintf("%d.%d.0.0/10", i/2, i%2*128))
	}
	if _, err := ParseProxies(scattered); err == nil || !strings.Contains(err.Error(), "and 508 more: that is 50 %") {
		t.Error(err)
	}
	if _, err := ParseProxies(scattered[1:]); err != nil {
		t.Errorf("less than half: %v", err)
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
