package limit

import (
	"fmt"
	"hash/maphash"
	"net/netip"
	"strings"
)

// A Client is who asks: the holder of a key that was verified, or else an address.
type Client struct {
	Name string     // of the key, never the key itself; empty for none
	Addr netip.Addr // of its connection or of the client behind a trusted proxy; of IPv6 the first address of a /64
}

// By gives the client at an address. A /64 is what one subscriber gets of IPv6, so that all of it is one client.
func By(addr netip.Addr) Client {
	addr = addr.Unmap()
	if addr.Is6() {
		b := addr.As16()
		clear(b[8:])
		addr = netip.AddrFrom16(b)
	}
	return Client{Addr: addr}
}

// String names a client for people.
func (c Client) String() string {
	switch {
	case c.Name != "":
		return c.Name
	case c.Addr.Is6():
		return c.Addr.String() + "/64"
	case c.Addr.IsValid():
		return c.Addr.String()
	}
	return "an unknown address"
}

// Hash gives a number that nobody outside can aim at, and that is the same for the same client; never 0.
func (c Client) Hash(seed maphash.Seed) uint64 {
	if c.Name != "" {
		return max(1, maphash.String(seed, c.Name))
	}
	b := c.Addr.As16()
	return max(1, maphash.Bytes(seed, b[:]))
}

// Proxies are the addresses whose word counts for who is behind them.
type Proxies []netip.Prefix

// proxiesMax bounds the proxies that are named.
const proxiesMax = 1000

// ParseProxies reads addresses (10.0.0.7) and networks (10.0.0.0/8, fd00::/8).
func ParseProxies(list []string) (Proxies, error) {
	if len(list) > proxiesMax {
		return nil, fmt.Errorf("%d proxies are named; at most %d are read: name networks, such as 10.0.0.0/8", len(list), proxiesMax)
	}
	var out Proxies
	for _, text := range list {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, err := netip.ParseAddr(text)
			if err != nil || addr.Zone() != "" {
				return nil, fmt.Errorf("%q is neither an address (10.0.0.7) nor a network (10.0.0.0/8)", text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 { // as clients' addresses are looked at: by IPv4
			prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
		}
		if prefix.Masked() != prefix {
			return nil, fmt.Errorf("%q is an address inside of a network: write %s, or the address alone", text, prefix.Masked())
		}
		if prefix.Bits() == 0 {
			return nil, fmt.Errorf("%q trusts everyone: anybody could name any address; name the proxies themselves", text)
		}
		out = append(out, prefix)
	}
	return out, nil
}

// Trust says whether an address is a proxy's.
func (p Proxies) Trust(addr netip.Addr) bool {
	addr = addr.Unmap()
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// hopsMax bounds how far back through proxies a client is looked for.
const hopsMax = 16

// Behind gives the address of the client that stands behind a connection's peer. forwarded are the lines of X-Forwarded-For, to which
// each proxy adds, on the right, whom it was asked by: read from there, the first one that is no proxy is the client; what is
// further left anybody may have written. Where that address can't be read, the proxy that wrote it is the client.
func (p Proxies) Behind(peer netip.Addr, forwarded func(name string) []string) netip.Addr {
	if len(p) == 0 || !p.Trust(peer) {
		return peer
	}
	lines := forwarded("X-Forwarded-For")
	hops := 0
	for i := len(lines) - 1; i >= 0; i-- {
		for rest := lines[i]; ; {
			at := strings.LastIndexByte(rest, ',')
			addr, err := address(strings.TrimSpace(rest[at+1:]))
			if hops++; err != nil || hops > hopsMax {
				return peer
			}
			if peer = addr; !p.Trust(addr) {
				return addr
			}
			if at < 0 {
				break
			}
			rest = rest[:at]
		}
	}
	return peer
}

// address reads what stands in X-Forwarded-For: an address, some proxies add the port.
func address(text string) (netip.Addr, error) {
	if inner, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(inner, "]") {
		text = strings.TrimSuffix(inner, "]")
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		var port netip.AddrPort
		if port, err = netip.ParseAddrPort(text); err != nil {
			return netip.Addr{}, err
		}
		addr = port.Addr()
	}
	return addr.Unmap().WithZone(""), nil
}
