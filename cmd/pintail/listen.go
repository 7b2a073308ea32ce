package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"github.com/pintail-dev/pintail"
)

// listeners are the sockets of a verb that serves. They are opened before anything else is done, so that a taken address
// is said at once.
type listeners struct {
	public, admin net.Listener // admin is nil where it is off
}

// listen opens the addresses of a configuration. With easy, the default admin address is replaced by a free one
// where it is taken: a second project on one machine shouldn't fail over it.
func listen(conf *config, open, easy bool) (listeners, error) {
	public := cmp.Or(conf.Listen, defaultListen)
	if err := checkAddress("--listen", public); err != nil {
		return listeners{}, err
	}
	host, _, _ := net.SplitHostPort(public)
	switch n := len(conf.AdminSecret); {
	case loopbackHost(host):
	case !open && n > 0 && n < pintail.AdminSecretLeast:
		return listeners{}, usage("the admin secret has fewer than %d letters and can be guessed, and %s is reachable from others: set PINTAIL_ADMIN_SECRET to a longer one, such as `openssl rand -hex 24` prints", pintail.AdminSecretLeast, public)
	case open:
		return listeners{}, usage("open mode makes every caller an admin, so it listens on this machine only, and %s is reachable from others; use 127.0.0.1, or set PINTAIL_ADMIN_SECRET and leave --open out", public)
	}
	l, err := net.Listen("tcp", public)
	if err != nil {
		return listeners{}, listenError("--listen", public, "", err)
	}
	if conf.Admin == "off" {
		return listeners{public: l}, nil
	}
	admin := cmp.Or(conf.Admin, defaultAdmin)
	if err := checkAddress("--admin", admin); err != nil {
		return listeners{}, errors.Join(err, l.Close())
	}
	a, err := net.Listen("tcp", admin)
	if errors.Is(err, syscall.EADDRINUSE) && easy && admin == defaultAdmin {
		a, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return listeners{}, errors.Join(listenError("--admin", admin, ", or --admin off", err), l.Close())
	}
	return listeners{public: l, admin: a}, nil
}

func (l listeners) close() error {
	err := l.public.Close()
	if l.admin != nil {
		err = errors.Join(err, l.admin.Close())
	}
	return err
}

// checkAddress says what is wrong with how an address is written.
func checkAddress(flag, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return usage("%s %q is no address: write HOST:PORT, such as 127.0.0.1:8080", flag, address)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return usage("%s %q: a port is a number from 0 to 65535", flag, address)
	}
	return nil
}

func listenError(flag, address, or string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is taken: another program listens there, perhaps a Pintail that still runs.\nChoose another address: %s %s%s", address, flag, freeAddress(address), or)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("this user may not listen on %s: ports below 1024 want privileges.\nChoose another address: %s 127.0.0.1:8080%s", address, flag, or)
	}
	return fmt.Errorf("listen on %s: %w; choose another address with %s%s", address, err, flag, or)
}

// freeAddress gives an address near a taken one that is free now, or one that lets the system choose.
func freeAddress(taken string) string {
	host, port, err := net.SplitHostPort(taken)
	n, numberErr := strconv.Atoi(port)
	if err != nil || numberErr != nil {
		return "127.0.0.1:0"
	}
	for _, p := range []int{n + 10, n + 20, n + 30, n + 100, n + 1000} {
		if p > 65535 {
			break
		}
		try := net.JoinHostPort(host, strconv.Itoa(p))
		if l, err := net.Listen("tcp", try); err == nil {
			l.Close()
			return try
		}
	}
	return net.JoinHostPort(host, "0")
}

func loopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
