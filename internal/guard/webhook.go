package guard

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	// webhookTime bounds one try to deliver a notice, from dialling to the end of the answer.
	webhookTime = 5 * time.Second

	// webhookTries is how often a notice is tried; the pauses between them are webhookPause and twice as long each time.
	webhookTries = 5
	webhookPause = 2 * time.Second

	// webhookQueue is how many notices wait. When another comes, it is not sent, and the log says so.
	webhookQueue = 64

	// webhookAnswer is how much of an answer is read, in bytes, so that the connection can be used again.
	webhookAnswer = 16 << 10
)

// An Event is what a notice tells of.
type Event string

const (
	Begin    Event = "begin"
	Mended   Event = "repaired"
	GaveUp   Event = "gave up" // it takes a person: duplicates are in the way, or it is dropped again and again
	NoLonger Event = "gone"    // it is in order again, and not by a repair of ours
)

// A Notice is what is posted.
type Notice struct {
	Event    Event    `json:"event"`
	Text     string   `json:"text"` // a sentence or two for people; chats show this key
	Incident Incident `json:"incident"`
}

// A Webhook posts incidents as JSON to one address. The address may hold a secret: no log line and no error has more of it than its host.
type Webhook struct {
	url    *url.URL
	client *http.Client
	log    *slog.Logger
	queue  chan Notice
	pause  time.Duration
}

// CheckWebhook says what is wrong with an address.
func CheckWebhook(address string) error {
	_, err := webhookURL(address)
	return err
}

// webhookURL reads an address. Its errors don't hold it.
func webhookURL(address string) (*url.URL, error) {
	if strings.ContainsFunc(address, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return nil, errors.New("it has a space or a letter that can't be seen in it; leave it out, or write it as %20 where the address wants one")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("it can't be read as a URL; write it as https://host/path")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("it must begin with https:// or http://")
	case u.Hostname() == "":
		return nil, errors.New("it names no host; write it as https://host/path")
	case !hostName(u.Hostname()):
		return nil, errors.New("its host is neither a name nor an IP address; write it as https://host/path")
	case strings.HasSuffix(u.Host, ":") || u.Port() != "" && !portNumber(u.Port()):
		return nil, errors.New("its port is no number from 1 to 65535; leave it out for the usual one")
	case strings.Contains(address, "#"):
		return nil, errors.New("it has a fragment (#…), which isn't sent to anyone; leave it out")
	}
	return u, nil
}

func portNumber(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// hostName says whether a text may be a host: an IP address, or a name of labels (RFC 1123, and the underscore that some networks
// have). Letters beyond ASCII are net/http's to write in Punycode.
func hostName(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	if len(text) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(text, "."), ".") {
		other := func(r rune) bool { return r != '-' && r != '_' && !unicode.In(r, unicode.L, unicode.N, unicode.M) }
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") || strings.ContainsFunc(label, other) {
			return false
		}
	}
	return true
}

// NewWebhook makes a webhook; Run delivers.
func NewWebhook(address string, log *slog.Logger) (*Webhook, error) {
	u, err := webhookURL(address)
	if err != nil {
		return nil, err
	}
	return &Webhook{
		url: u, log: log, queue: make(chan Notice, webhookQueue), pause: webhookPause,
		client: &http.Client{
			Timeout: webhookTime,
			// Whoever may answer for the address must not send what we know elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Tell queues a notice of an incident. It never waits.
func (w *Webhook) Tell(_ context.Context, i Incident) {
	n := Notice{Event: event(i.State), Incident: i}
	n.Text = sentence(n.Event, &i)
	select {
	case w.queue <- n:
	default:
		w.log.Warn("guard: a notice is not sent, since too many wait", "webhook", w.url.Host, "incident", i.ID, "event", string(n.Event))
	}
}

func event(s State) Event {
	switch s {
	case Repaired:
		return Mended
	case Gone:
		return NoLonger
	case Blocked, Stopped:
		return GaveUp
	}
	return Begin
}

// sentence tells of an incident in words.
func sentence(e Event, i *Incident) string {
	what := i.What
	if what == "" {
		what = i.Name + " of " + i.Table
	}
	switch e {
	case Mended:
		return fmt.Sprintf("Pintail: repaired after %s: %s.", i.Lasted().Round(time.Second), what)
	case NoLonger:
		return fmt.Sprintf("Pintail: in order again after %s, not by a repair: %s.", i.Lasted().Round(time.Second), what)
	case GaveUp:
		why := fmt.Sprintf("it was lost %d times within an hour", i.Drops)
		switch {
		case i.State == Blocked && len(i.Orphans) > 0:
			why = fmt.Sprintf("%d keys refer to rows that aren't there", len(i.Orphans))
		case i.State == Blocked:
			why = fmt.Sprintf("%d keys are there more than once", len(i.Duplicates))
		}
		return fmt.Sprintf("Pintail: it takes a person, since %s: %s. Who: %s.", why, what, cmp.Or(i.Who, "unknown"))
	}
	return fmt.Sprintf("Pintail: %s. Who: %s.", what, cmp.Or(i.Who, "unknown"))
}

// Run delivers notices, one after the other, until ctx ends. What waits then gets one try more, within webhookTime in all.
func (w *Webhook) Run(ctx context.Context) error {
	defer w.client.CloseIdleConnections()
	for {
		select {
		case n := <-w.queue:
			w.deliver(ctx, n)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), webhookTime)
			defer cancel()
			for {
				select {
				case n := <-w.queue:
					if _, err := w.post(last, n); err != nil {
						w.lost(n, 1, err)
					}
				default:
					return nil
				}
			}
		}
	}
}

// deliver tries until the other side takes the notice, says that it never will, or all tries are used up.
func (w *Webhook) deliver(ctx context.Context, n Notice) {
	pause := w.pause
	for try := 1; ; try++ {
		again, err := w.post(ctx, n)
		switch {
		case err == nil:
			return
		case !again || try == webhookTries:
			w.lost(n, try, err)
			return
		}
		select {
		case <-ctx.Done(): // one try more, at the end of Run
			select {
			case w.queue <- n:
			default:
				w.lost(n, try, err)
			}
			return
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause *= 2
	}
}

func (w *Webhook) lost(n Notice, tries int, err error) {
	w.log.Error("guard: a notice could not be delivered", "webhook", w.url.Host, "incident", n.Incident.ID, "event", string(n.Event), "tries", tries, "error", err)
}

// post sends a notice once, and says whether it makes sense to send it again.
func (w *Webhook) post(ctx context.Context, n Notice) (again bool, err error) {
	body, err := json.Marshal(n)
	if err != nil {
		return false, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url.String(), bytes.NewReader(body))
	if err != nil {
		return false, errors.New("the request can't be made")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "pintail")
	answer, err := w.client.Do(r)
	if err != nil {
		return true, hideURL(err)
	}
	defer answer.Body.Close()
	// What it says doesn't matter; what can't be read any more only costs the connection.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, webhookAnswer))
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return false, nil
	case code >= 300 && code < 400:
		return false, fmt.Errorf("it answers %d, a redirect, which isn't followed: name the final address", code)
	default:
		return code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout, fmt.Errorf("it answers %d", code)
	}
}

// hideURL takes the address off an error of net/http's.
func hideURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
