package story

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// A conn is one client's connection, which it keeps and on which it asks one thing after the other. It is made when it is needed,
// and again when the server has closed it. net/http's client would take more of the two processors than the server does.
type conn struct {
	to   string     // host:port
	from netip.Addr // the client's own address; the zero value lets the system choose

	tcp     net.Conn
	in      *bufio.Reader
	renewed time.Time
	body    []byte
	more    func(net.Conn) // told of each new connection
}

// An answer is what came back. Its body is valid until the connection asks again.
type answer struct {
	status int
	retry  string // Retry-After
	body   []byte
}

// code is that of an error's body; empty where it has none.
func (a answer) code() string {
	_, rest, _ := bytes.Cut(a.body, []byte(`"code":"`))
	code, _, found := bytes.Cut(rest, []byte(`"`))
	if !found {
		return ""
	}
	return string(code)
}

const (
	dialTime   = 3 * time.Second
	answerTime = 10 * time.Second // that a client waits for an answer
	answerMax  = 8 << 20          // bytes
)

// ask sends a whole request and reads the answer.
func (c *conn) ask(request []byte) (answer, error) {
	fresh := c.tcp == nil
	if fresh {
		if err := c.dial(); err != nil {
			return answer{}, err
		}
	}
	a, begun, err := c.exchange(request)
	if err != nil && !fresh && !begun && errors.Is(err, io.EOF) {
		// The server closed an idle connection at the moment at which it was used: that is nobody's failure.
		c.close()
		if err := c.dial(); err != nil {
			return answer{}, err
		}
		a, _, err = c.exchange(request)
	}
	if err != nil {
		c.close()
		return answer{}, err
	}
	return a, nil
}

func (c *conn) dial() error {
	d := net.Dialer{Timeout: dialTime}
	if c.from.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(c.from, 0))
	}
	tcp, err := d.Dial("tcp", c.to)
	if err != nil {
		return err
	}
	c.tcp, c.in, c.renewed = tcp, bufio.NewReaderSize(tcp, 4<<10), time.Time{}
	if c.more != nil {
		c.more(tcp)
	}
	return nil
}

func (c *conn) close() {
	if c.tcp != nil {
		c.tcp.Close()
		c.tcp = nil
	}
}

// exchange asks on the connection there is. begun says whether any of an answer came.
func (c *conn) exchange(request []byte) (a answer, begun bool, err error) {
	if now := time.Now(); now.Sub(c.renewed) > time.Second { // setting it costs as much as a good part of the asking
		c.renewed = now
		if err := c.tcp.SetDeadline(now.Add(answerTime)); err != nil {
			return answer{}, false, err
		}
	}
	if _, err := c.tcp.Write(request); err != nil {
		return answer{}, false, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return answer{}, len(line) > 0, err
	}
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return answer{}, true, fmt.Errorf("no HTTP answer: %.40q", line)
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return answer{}, true, fmt.Errorf("no HTTP answer: %.40q", line)
	}
	last, err := c.rest(&a)
	if last && err == nil {
		c.close()
	}
	return a, true, err
}

// rest reads headers and body. last says that the server closes the connection.
func (c *conn) rest(a *answer) (last bool, err error) {
	length, chunked := 0, false
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return false, err
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 || length > answerMax {
				return false, fmt.Errorf("an answer of %.20q bytes", value)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		case bytes.EqualFold(name, []byte("Connection")):
			last = bytes.EqualFold(value, []byte("close"))
		case bytes.EqualFold(name, []byte("Retry-After")):
			a.retry = string(value)
		}
	}
	if chunked {
		return last, errors.New("an answer in chunks, which no answer of a story is")
	}
	if a.status == 204 || a.status == 304 {
		return last, nil
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	a.body = c.body[:length]
	_, err = io.ReadFull(c.in, a.body)
	return last, err
}

// get writes a GET.
func get(host, path string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host)
}

// send writes a request with a JSON body.
func send(method, host, path, body string) []byte {
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, path, host, len(body), body)
}
