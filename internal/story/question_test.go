package story

import (
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestQuestions asks everything that visitors ask of a small shop. What stands on indexes must do so, and no index may fit a riddle: the
// stories are about nothing otherwise.
func TestQuestions(t *testing.T) {
	bin := program(t)
	t.Setenv("TMPDIR", t.TempDir())
	r, err := newRun(tales()[0], Options{Program: bin}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}()
	shop, err := r.openNamed(t.Context(), "shop", 500, "PINTAIL_REST_PLAN=true")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1))
	c := conn{to: shop.listen}
	defer c.close()
	for _, q := range questions() {
		request := q.ask(shop.listen, random)
		a, err := c.ask(request)
		if err != nil || a.status != 200 || a.code() != "" {
			t.Errorf("%s: %v %d %s", q.what, err, a.status, a.body)
		}
		path := pathOf(request)
		if path == "/v1/graphql" || strings.HasPrefix(path, "/rest/v1/toast?select=") { // twenty rows
			continue
		}
		if plan := planOf(t, shop, path); scans.MatchString(plan) || sorts.MatchString(plan) {
			t.Errorf("%s doesn't stand on an index:\n%s", q.what, plan)
		}
	}
	if n := len(questions()); n < outageFew {
		t.Errorf("%d questions are too few", n)
	}
	for _, q := range riddles() {
		path := q.ask(random)
		a, err := c.ask(get(shop.listen, path))
		if err != nil || a.status != 200 {
			t.Errorf("%s: %v %d %s", q.what, err, a.status, a.body)
		}
		if plan := planOf(t, shop, path); !sorts.MatchString(plan) {
			t.Errorf("an index fits %s:\n%s", q.what, plan)
		}
	}
	if n := len(riddles()); n < 5 {
		t.Errorf("%d riddles are too few", n)
	}
}

// scans matches the plan of a question that reads a whole table, sorts that of one that sorts what it finds.
var (
	scans = regexp.MustCompile(`(?m)SCAN t\d+\s*$`)
	sorts = regexp.MustCompile(`USE TEMP B-TREE FOR ORDER BY`)
)

func pathOf(request []byte) string {
	return regexp.MustCompile(`^\S+ (\S+) `).FindStringSubmatch(string(request))[1]
}

func planOf(t *testing.T, c *child, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.listen+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/vnd.pgrst.plan+text")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v %s %s", err, resp.Status, body)
	}
	return string(body)
}
