package rehearse

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/pgtest"
)

// TestToBeKilled is no test: the test binary runs it as the process that is killed in the middle of a rehearsal.
func TestToBeKilled(t *testing.T) {
	database := os.Getenv("REHEARSE_UNTIL_KILLED")
	if database == "" {
		return
	}
	c := ask(t, questions()[:1])
	if filepath.Ext(database) != ".db" {
		c.Engine = "postgres"
	}
	_, err := Run(context.Background(), Options{Schema: shopSchema(t), Capture: c, Database: database, Rows: RowsLeast, NoAdvice: true, Progress: func(string, int64, int64) {
		fmt.Println("growing")
		time.Sleep(time.Minute)
	}})
	t.Fatal(err)
}

// untilKilled rehearses in another process, which is killed once it has a shadow and alive has looked.
func untilKilled(t *testing.T, database string, alive func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestToBeKilled$")
	cmd.Env = append(os.Environ(), "REHEARSE_UNTIL_KILLED="+database)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	growing := lines.Scan() && lines.Text() == "growing"
	if growing {
		alive()
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if !growing {
		t.Fatalf("the rehearsal ended by itself: %s", lines.Text())
	}
}

func TestKilledSQLite(t *testing.T) {
	dir := t.TempDir()
	database := "sqlite:" + filepath.Join(dir, "shop.db")
	left := func() int {
		list, err := filepath.Glob(filepath.Join(dir, ".pintail-rehearse-*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	next := func() {
		e, err := newLite(filepath.Join(dir, "shop.db"), shopSchema(t), false, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	untilKilled(t, database, func() {
		if next(); left() != 1 {
			t.Errorf("while one rehearses another leaves %d folders", left())
		}
	})
	if left() != 1 {
		t.Fatalf("a rehearsal that was killed leaves %d folders", left())
	}
	if next(); left() > 0 {
		t.Error("the next one leaves its folder there")
	}
}

// TestKilledPostgres leaves databases, and schemas where the role may make no more; those that aren't a rehearsal's, or another role's, stay.
func TestKilledPostgres(t *testing.T) {
	dsn := pgtest.DSN(t)
	next := func() {
		e, err := newPG(t.Context(), dsn, shopSchema(t), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	untilKilled(t, dsn, func() {
		if next(); leftovers(t, dsn) != 1 {
			t.Errorf("while one rehearses another leaves %d databases", leftovers(t, dsn))
		}
	})
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	exec := func(sql string) {
		t.Helper()
		if _, err := c.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	schema := func(name, comment string) {
		exec("CREATE SCHEMA " + quoted(name))
		exec("COMMENT ON SCHEMA " + quoted(name) + " IS " + stringLiteral(comment))
	}
	schema(pgPrefix+"0000000a_1", pgMark)
	schema(pgPrefix+"0000000b_1", "mine")
	schema(pgPrefix+"mine", pgMark)
	exec("CREATE ROLE " + quoted("another "+t.Name()))
	schema(pgPrefix+"0000000c_1", pgMark)
	exec("ALTER SCHEMA " + quoted(pgPrefix+"0000000c_1") + " OWNER TO " + quoted("another "+t.Name()))
	t.Cleanup(func() {
		c, err := pgx.Connect(context.Background(), dsn)
		if err == nil {
			_, err = c.Exec(context.Background(), "DROP SCHEMA "+quoted(pgPrefix+"0000000c_1")+"; DROP ROLE "+quoted("another "+t.Name()))
			c.Close(context.Background())
		}
		if err != nil {
			t.Error(err)
		}
	})
	if n := leftovers(t, dsn); n != 5 {
		t.Fatalf("there are %d databases and schemas, want 5", n)
	}
	// The server notices a moment later that the process is gone.
	for end := time.Now().Add(20 * time.Second); leftovers(t, dsn) > 3 && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		next()
	}
	if n := leftovers(t, dsn); n != 3 {
		t.Errorf("%d databases and schemas are left, want the three that are nobody's or another's", n)
	}
}
