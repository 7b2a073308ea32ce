package migrate

import (
	"os"
	"testing"
)

func TestSyncMakesTheDemo(t *testing.T) {
	text, err := os.ReadFile("../../demo/schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	onBoth(t, func(t *testing.T, d *Database) {
		steps := sync(t, d, parse(t, string(text)), RunOptions{})
		if len(steps) < 8 {
			t.Errorf("only %d steps: %q", len(steps), steps)
		}
	})
}
