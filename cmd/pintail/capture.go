package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/rehearse"
	"github.com/pintail-dev/pintail/schema"
)

// capturing takes a capture of what a configuration names.
type capturing struct {
	console
	conf *config
	json bool
}

func (t capturing) run(ctx context.Context, to string) error {
	if to != "-" {
		if err := captureOutput().check(to); err != nil {
			return err
		}
	}
	s, err := loadSchema(t.conf)
	if err != nil {
		return err
	}
	capture, err := t.shapes(ctx, s)
	if err != nil {
		return err
	}
	if err := t.tables(ctx, s, capture); err != nil {
		return err
	}
	text, err := rehearse.Write(capture)
	if err != nil {
		return err
	}
	if _, err := rehearse.Read(bytes.NewReader(text)); err != nil {
		return fmt.Errorf("the capture can't be read back: %w", err)
	}
	if to == "-" {
		return t.data(string(text))
	}
	if err := captureOutput().write(to, text); err != nil {
		return err
	}
	if t.json {
		return t.print(map[string]any{"file": to, "bytes": len(text), "tables": len(capture.Tables), "shapes": len(capture.Shapes), "notes": append([]string{}, capture.Notes...)})
	}
	for _, n := range capture.Notes {
		t.say("%s %s", painter(t.err).yellow("note:"), n)
	}
	return t.put(fmt.Sprintf("%s: %s, %s, %s\n", to, counted(len(capture.Tables), "table", "tables"), counted(len(capture.Shapes), "query", "queries"), size(int64(len(text)))))
}

// shapesTime bounds the request for the shapes; the server looks at its database for five seconds at most.
const shapesTime = 30 * time.Second

// shapes asks the running server what it was asked.
func (t capturing) shapes(ctx context.Context, s *schema.Schema) (*rehearse.Capture, error) {
	engine, err := engineOf(t.conf.database())
	if err != nil {
		return nil, err
	}
	capture := &rehearse.Capture{Format: rehearse.Format, Engine: string(engine), Pintail: version, Schema: s.Version, Taken: time.Now().UTC().Truncate(time.Second)}
	address := cmp.Or(t.conf.Admin, defaultAdmin)
	if address == "off" {
		capture.Notes = append(capture.Notes, "no server was asked for its queries (--admin off)")
		return capture, nil
	}
	if err := checkAddress("--admin", address); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, shapesTime)
	defer cancel()
	answer, err := askAdmin(ctx, address, "/shapes?look=true", shapesTime)
	if err != nil {
		return nil, fmt.Errorf("no server answers at the admin address %s: %w\nA capture holds the queries that a running server was asked: start `pintail serve` on this database and let its clients work, or name its admin address with --admin; --admin off takes the tables alone", address, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 200)) // what it says is a help, no more
		return nil, fmt.Errorf("the admin address %s answers /shapes with %s: %s", address, answer.Status, harmless(strings.TrimSpace(string(said))))
	}
	theirs, err := rehearse.Read(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("what the admin address %s answers is no list of shapes: %w", address, err)
	}
	if theirs.Engine != capture.Engine {
		return nil, fmt.Errorf("the server on %s works on %s, and %s is another engine: name its database with --database", address, theirs.Engine, shown(t.conf.database()))
	}
	if theirs.Schema != capture.Schema {
		return nil, fmt.Errorf("the server on %s serves another schema than %s: name its file with --schema, or restart it", address, t.conf.schemaPath())
	}
	capture.Shapes, capture.Notes = theirs.Shapes, theirs.Notes
	if len(capture.Shapes) == 0 {
		capture.Notes = append(capture.Notes, "the server was asked nothing yet: there is no query to rehearse")
	}
	return capture, nil
}

// tables reads how the rows are spread.
func (t capturing) tables(ctx context.Context, s *schema.Schema, capture *rehearse.Capture) (err error) {
	db, err := openExisting(ctx, t.conf)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close(context.WithoutCancel(ctx))) }()
	if capture.Server, err = serverVersion(ctx, db); err != nil {
		return fmt.Errorf("read %s: %w", shown(t.conf.database()), err)
	}
	bar := t.progress("reading", "tables", int64(len(s.Tables)))
	defer bar.end()
	tables, notes, err := rehearse.TakeTables(ctx, db, s, rehearse.TableOptions{Tell: func(table string, done, _ int) { bar.at("reading "+table, int64(done)) }})
	if err != nil {
		return fmt.Errorf("read %s: %w", shown(t.conf.database()), err)
	}
	capture.Tables = tables
	capture.Notes = append(capture.Notes, notes...)
	return nil
}

// serverVersion is the engine's.
func serverVersion(ctx context.Context, db *migrate.Database) (version string, err error) {
	if db.Engine == migrate.SQLite {
		return pragma(db.Lite, "SELECT sqlite_version()"), nil
	}
	err = db.PG.QueryRow(ctx, "SELECT current_setting('server_version')").Scan(&version)
	return version, err
}
