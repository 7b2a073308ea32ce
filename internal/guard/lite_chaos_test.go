package guard

import (
	"testing"
	"time"
)

// held keeps repairs back, so that what is refused can be looked at.
func held(d time.Duration) func(*Config) { return func(c *Config) { c.HoldBack = d } }

func TestLiteIndexDropped(t *testing.T) {
	c := liteChaos(t, held(time.Second))
	c.warm()
	c.harm("DROP INDEX item_kind")
	c.shed("by kind", "in order")
	i := c.healed()
	if i.Kind != Missing || i.Name != "item_kind" || i.State != Repaired || i.Shed == 0 || i.BuildTime <= 0 || i.Who == "" {
		t.Errorf("%+v", i)
	}
}
