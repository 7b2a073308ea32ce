// Package auth says who is asking. Until policies and users are built there are two answers: the admin, who holds the
// admin secret or talks to an open server, and nobody.
package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/url"
	"strings"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/query"
)

// A Keeper decides who a request comes from.
type Keeper struct {
	secret [32]byte // SHA-256 of the admin secret, so that comparing takes the same time for every length
	locked bool     // there is a secret
	open   bool
}

// Locked lets in whoever sends the admin secret, and nobody where secret is empty.
func Locked(secret string) *Keeper {
	return &Keeper{secret: sha256.Sum256([]byte(secret)), locked: secret != ""}
}

// Open makes every caller on this machine an admin. What a web page could send on a developer's behalf is refused:
// another Host, another Origin, anything that came through a proxy.
func Open() *Keeper { return &Keeper{open: true} }

// IsOpen says whether every caller is an admin.
func (k *Keeper) IsOpen() bool { return k.open }

// Who gives the actor, or fault.Unauthorized, or in open mode fault.Forbidden.
func (k *Keeper) Who(r *api.Request) (query.Actor, error) {
	if k.open {
		return query.Admin, refuseForeign(r)
	}
	given := key(r)
	if k.opens(given) {
		return query.Admin, nil
	}
	f := fault.New(fault.Unauthorized, "the admin secret is missing or wrong")
	if given == "" {
		f.WithDetails("no X-Hasura-Admin-Secret, apikey or Authorization: Bearer header came with the request")
	}
	if !k.locked {
		f.WithHint("set PINTAIL_ADMIN_SECRET where the server runs, or start it with --open on a machine of your own")
	} else {
		f.WithHint("send the value of PINTAIL_ADMIN_SECRET in one of these headers")
	}
	return query.Actor{}, f
}

// Holds says whether a request brings the admin secret. In open mode none is asked for, and none does.
func (k *Keeper) Holds(r *api.Request) bool { return k.opens(key(r)) }

func (k *Keeper) opens(given string) bool {
	if !k.locked || given == "" {
		return false
	}
	sum := sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(sum[:], k.secret[:]) == 1
}

// key is what a request brings to open the API; empty for nothing.
func key(r *api.Request) string {
	given := r.Header("X-Hasura-Admin-Secret")
	if given == "" {
		given = r.Header("Apikey")
	}
	if given == "" {
		given = bearer(r.Header("Authorization"))
	}
	return given
}

func bearer(header string) string {
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// forwardHeaders are set by proxies; a request that carries one may come from anywhere.
var forwardHeaders = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via", "Cf-Connecting-Ip"}

func refuseForeign(r *api.Request) error {
	if !LoopbackHost(r.Header("Host")) {
		return forbid("Host %q is not this machine", r.Header("Host"))
	}
	if origin := r.Header("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || u.Host != r.Header("Host") {
			return forbid("Origin %q is not this server's own", origin)
		}
	}
	if site := r.Header("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return forbid("the browser says that the request comes from another site (Sec-Fetch-Site: %s)", site)
	}
	for _, name := range forwardHeaders {
		if r.Header(name) != "" {
			return forbid("the request came through a proxy (%s)", name)
		}
	}
	return nil
}

func forbid(format string, args ...any) error {
	return fault.New(fault.Forbidden, "open mode answers this machine only, since every caller is an admin").
		WithDetails(format, args...).
		WithHint("run without --open and set PINTAIL_ADMIN_SECRET to serve others")
}

// LoopbackHost says whether a Host header (with or without a port) names this machine.
func LoopbackHost(host string) bool {
	if host == "localhost" || host == "127.0.0.1" || strings.HasPrefix(host, "localhost:") || strings.HasPrefix(host, "127.0.0.1:") {
		if _, port, _ := strings.Cut(host, ":"); strings.Trim(port, "0123456789") == "" {
			return true // nearly every one: taking the others apart costs as much as a small request's headers
		}
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
