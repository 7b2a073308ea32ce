package node

import (
	"strconv"
	"time"
)

// header writes the times as a Server-Timing header (W3C Server Timing), in milliseconds, with PostgREST's names.
func (t *Times) header() string {
	b := make([]byte, 0, 96)
	for _, stage := range []struct {
		name string
		took time.Duration
	}{{"parse", t.Parse}, {"plan", t.Plan}, {"transaction", t.Store}, {"response", t.Answer}} {
		if len(b) > 0 {
			b = append(b, ", "...)
		}
		b = append(append(b, stage.name...), ";dur="...)
		b = strconv.AppendFloat(b, float64(stage.took.Microseconds())/1000, 'f', 1, 64)
	}
	return string(b)
}
