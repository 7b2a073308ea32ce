package limit

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
)

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
		out = append(out, prefix)
	}
	if err := out.checkShare(); err != nil {
		return nil, err
	}
	return out, nil
}

// shareMax is the part of all addresses from which on those that are trusted are nobody's proxies.
const shareMax = 0.5

// checkShare says where a list, all of it together, trusts whoever comes: anybody could name any address then.
func (p Proxies) checkShare() error {
	apart := p.apart()
	for _, kind := range []struct {
		name string
		of   netip.Prefix
	}{{"IPv4", netip.MustParsePrefix("0.0.0.0/0")}, {"public IPv6", netip.MustParsePrefix("2000::/3")}} {
		share, most := 0.0, []string(nil)
		for _, prefix := range apart {
			if prefix.Overlaps(kind.of) {
				share += math.Exp2(-float64(max(0, prefix.Bits()-kind.of.Bits())))
				most = append(most, prefix.String())
			}
		}
		if share >= shareMax {
			const named = 4
			if len(most) > named {
				most = append(most[:named], fmt.Sprintf("and %d more", len(most)-named))
			}
			return fmt.Errorf("%s: that is %.0f %% of all %s addresses: anybody could name any address; name the proxies themselves", strings.Join(most, ", "), 100*share, kind.name)
		}
	}
	return nil
}

// apart gives networks that hold the same addresses and don't overlap, the largest first.
func (p Proxies) apart() (out Proxies) {
	for _, prefix := range slices.SortedStableFunc(slices.Values(p), func(a, b netip.Prefix) int { return a.Bits() - b.Bits() }) {
		if !slices.ContainsFunc(out, prefix.Overlaps) {
			out = append(out, prefix)
		}
	}
	return out
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
