package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestInterruptedIsSaidOnce: what each part says of an interrupt adds nothing.
func TestInterruptedIsSaidOnce(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("interrupt signal received"))
	for text, want := range map[string]string{
		"interrupt signal received": "interrupted",
		"make the shop's database: fill table order: 57014: canceling statement due to user request": "interrupted: make the shop's database: fill table order",
		"3 rows were taken before that": "interrupted: 3 rows were taken before that",
	} {
		if got := interrupted(ctx, errors.New(text)).Error(); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// TestConnectErrorSaysWhatToDo: the server's own refusals, by their codes.
func TestConnectErrorSaysWhatToDo(t *testing.T) {
	for code, want := range map[string]string{
		"3D000": "postgres://me@h/shop refuses: no (3D000)\nWhat to do: make it with createdb, or name another one (`pintail doctor` looks further)",
		"57P03": "postgres://me@h/shop refuses: no (57P03)\nWhat to do: it is starting or stopping: try again in a moment (`pintail doctor` looks further)",
	} {
		err := connectError("postgres://me@h/shop", fmt.Errorf("tried twice: %w", &pgconn.PgError{Code: code, Message: "no"}))
		if err.Error() != want {
			t.Errorf("%s: %v", code, err)
		}
	}
}
