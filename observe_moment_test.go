package pintail

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// All numbers of a look are of one snapshot, and each metric has its name, kind, help and labels.
func TestAMomentIsOneSnapshot(t *testing.T) {
	taken := 0.0
	m := newMoment("shop_", func() float64 { taken++; return taken })
	m.counter("sold_total", "Toasts sold.", func(n *float64) float64 { return *n })
	m.gauge("open", "Tables taken.", func(n *float64) float64 { return *n * 10 })
	m.add(prometheus.GaugeValue, "waiting", "Guests who wait.", []string{"queue", "mood"}, func(n *float64, put func(float64, ...string)) {
		put(*n*100, "door", "calm")
		put(*n*1000, "bar", "cross")
	})
	registry := prometheus.NewPedanticRegistry() // checks that what is collected was described
	registry.MustRegister(m)
	for look := 1; look <= 2; look++ {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range families {
			for _, x := range f.Metric {
				line := f.GetName()
				for _, l := range x.Label {
					line += " " + l.GetName() + "=" + l.GetValue()
				}
				got = append(got, fmt.Sprintf("%s %s %g: %s", line, strings.ToLower(f.GetType().String()), x.GetCounter().GetValue()+x.GetGauge().GetValue(), f.GetHelp()))
			}
		}
		want := []string{
			fmt.Sprintf("shop_open gauge %d: Tables taken.", look*10),
			fmt.Sprintf("shop_sold_total counter %d: Toasts sold.", look),
			fmt.Sprintf("shop_waiting mood=calm queue=door gauge %d: Guests who wait.", look*100),
			fmt.Sprintf("shop_waiting mood=cross queue=bar gauge %d: Guests who wait.", look*1000),
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("look %d:\n%s\nwant\n%s", look, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
