package limit

import (
	"hash/maphash"
	"net/netip"
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
