package pintail_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/shoptest"
)

// TestStaticFiles asks for what is in the public folder, and for what isn't, in all the ways to ask for it.
func TestStaticFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"secret.txt", "outside/secret.txt", "public/index.html", "public/app.js", "public/.env", "public/.git/config", "public/sub/.hidden", "public/sub/page.txt", "public/a b.txt"} {
		write(name)
	}
	for link, to := range map[string]string{"out.txt": "../secret.txt", "abs.txt": filepath.Join(dir, "secret.txt"), "folder": "../outside", "in.txt": "app.js", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(dir, "public", link)); err != nil {
			t.Fatal(err)
		}
	}
	s := shoptest.Schema(t)
	server := serve(t, s, shoptest.SQLiteDSN(t, s), func(c *pintail.Config) { c.Public = filepath.Join(dir, "public") })
	for path, want := range map[string]string{
		"/": "public/index.html", "/app.js": "public/app.js", "/sub/page.txt": "public/sub/page.txt", "/in.txt": "public/app.js", "/a%20b.txt": "public/a b.txt",
		"/.env": "", "/.git/config": "", "/sub/.hidden": "", "/sub/": "", "/sub": "", "/%2eenv": "", "/sub/%2ehidden": "",
		"/out.txt": "", "/abs.txt": "", "/folder/secret.txt": "", "/loop": "",
		"/..%2fsecret.txt": "", "/%2e%2e/secret.txt": "", "/%2e%2e%2fsecret.txt": "", "/..%5csecret.txt": "", "/sub/..%2f..%2fsecret.txt": "", "/%5c..%5csecret.txt": "",
		"/app.js%00": "", "/app.js%00.html": "", "/%00": "", "/" + strings.Repeat("a", 5000): "", "/" + strings.Repeat("a/", 4000): "", "/%ff": "", "/app.js/x": "", "/nothing": "",
	} {
		r := raw(t, server, "GET "+path+" HTTP/1.1\r\nHost: "+server.addr+"\r\nConnection: close\r\n\r\n")
		if want != "" && (r.status != 200 || r.body != want) || want == "" && r.status != 404 {
			t.Errorf("%.60s: %d %.60q, want %q", path, r.status, r.body, want)
		}
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get"} {
		target := "/"
		if method == "CONNECT" {
			target = server.addr
		}
		r := raw(t, server, method+" "+target+" HTTP/1.1\r\nHost: "+server.addr+"\r\nConnection: close\r\n\r\n")
		if r.status != 405 || r.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d, Allow %q", method, r.status, r.header.Get("Allow"))
		}
	}
}
