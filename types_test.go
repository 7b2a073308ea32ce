package pintail_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pintail-dev/pintail/internal/api/typescript"
	"github.com/pintail-dev/pintail/internal/shoptest"
	"github.com/pintail-dev/pintail/schema"
)

// TestTypeScript holds the shop's Database type to a golden file, and gives it to TypeScript's compiler with calls of
// createClient<Database>() that are right and wrong.
func TestTypeScript(t *testing.T) {
	golden(t, "clients/database.ts", typescript.Write(shoptest.Schema(t)))
	compile(t, "database-check.ts")
}

// TestTypeScriptOfStrangeNames: no name that a database may have makes the type one that doesn't compile.
func TestTypeScriptOfStrangeNames(t *testing.T) {
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: strangeSchema(strangeNames)})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	file := filepath.Join(t.TempDir(), "strange.ts")
	if err := os.WriteFile(file, []byte(typescript.Write(s)), 0o600); err != nil {
		t.Fatal(err)
	}
	compile(t, file)
}

// compile runs tsc, strictly, in the folder of the clients.
func compile(t *testing.T, file string) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Node.js and the npm packages; `make test` installs and runs it")
	}
	if _, err := os.Stat("clients/node_modules/typescript"); err != nil {
		t.Fatal("the npm packages are missing; `make deps` installs them")
	}
	cmd := exec.Command("node", "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--ignoreConfig", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext", file)
	cmd.Dir = "clients"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
