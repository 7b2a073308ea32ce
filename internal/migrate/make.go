package migrate

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pintail-dev/pintail/schema"
)

// Made is what Make wrote.
type Made struct {
	Files    []string // paths
	Steps    map[Engine][]Step
	Losses   map[Engine][]Loss
	Destroys []string
}

// Make compares a schema with the snapshot in dir and writes the migration that leads from one to the other, for each
// engine, and the new snapshot. It writes nothing where nothing differs.
func Make(dir, name string, to *schema.Schema, only ...Engine) (*Made, error) {
	from, err := ReadSnapshot(dir)
	if err != nil {
		return nil, err
	}
	changes := schema.Diff(from, to)
	made := &Made{Steps: map[Engine][]Step{}, Losses: map[Engine][]Loss{}}
	if len(changes) == 0 {
		return made, nil
	}
	for _, c := range changes {
		if lost := c.Destroys(); lost != "" {
			made.Destroys = append(made.Destroys, lost)
		}
	}
	version, err := nextVersion(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	engines := only
	if len(engines) == 0 {
		engines = []Engine{SQLite, Postgres}
	}
	for _, e := range engines {
		steps, losses, err := Plan(from, to, changes, e)
		if err != nil {
			return nil, err
		}
		made.Steps[e], made.Losses[e] = steps, losses
		path := filepath.Join(dir, fmt.Sprintf("%s_%s.%s.sql", version, fileWord(name), e))
		if err := os.WriteFile(path, []byte(Write(steps, losses, e)), 0o644); err != nil {
			return nil, err
		}
		made.Files = append(made.Files, path)
	}
	snapshot := filepath.Join(dir, Snapshot)
	made.Files = append(made.Files, snapshot)
	return made, os.WriteFile(snapshot, []byte(schema.Print(to)), 0o644)
}
