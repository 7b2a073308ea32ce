package migrate

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/schema"
)

// An AppliedSchema is what `apply` last brought a database to.
type AppliedSchema struct {
	Text   string
	Schema *schema.Schema // nil where an older Pintail wrote what this one can't read
}

// ReadApplied reads it from PostgreSQL; nil where `apply` never ran. Where the text is the one of last, last is given back.
func ReadApplied(ctx context.Context, tx pgx.Tx, last *AppliedSchema) (*AppliedSchema, error) {
	var there bool
	if err := tx.QueryRow(ctx, "SELECT to_regclass('"+ownSchema+".state') IS NOT NULL").Scan(&there); err != nil || !there {
		return nil, err
	}
	var text string
	err := tx.QueryRow(ctx, "SELECT value FROM "+ownSchema+".state WHERE key = 'schema'").Scan(&text)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case last != nil && last.Text == text:
		return last, nil
	}
	out := &AppliedSchema{Text: text}
	s, mistakes := schema.Parse(schema.Source{Name: "the last schema", Text: text})
	if len(mistakes) == 0 {
		out.Schema = s
	}
	return out, nil
}
