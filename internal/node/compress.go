package node

import (
	"bytes"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Below this many bytes a packet carries the answer either way, and compressing costs more than it saves.
const compressBytesMin = 1400

// pickEncoding gives "zstd", "gzip" or "" by an Accept-Encoding header (RFC 9110 section 12.5.3): the one of the greater
// weight, zstd where they are equal.
func pickEncoding(accept string, size int) string {
	if accept == "" || size < compressBytesMin {
		return ""
	}
	weights := map[string]float64{}
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(part, ";")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			w, err := strconv.ParseFloat(q, 64)
			if err != nil {
				continue
			}
			weight = w
		}
		weights[strings.ToLower(strings.TrimSpace(name))] = weight
	}
	weigh := func(name string) float64 {
		if w, ok := weights[name]; ok {
			return w
		}
		return weights["*"]
	}
	z, g := weigh("zstd"), weigh("gzip")
	switch {
	case z > 0 && z >= g:
		return "zstd"
	case g > 0:
		return "gzip"
	}
	return ""
}

var (
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(0))
		if err != nil {
			panic("node: zstd refuses its own options: " + err.Error())
		}
		return e
	})
	gzipWriters = sync.Pool{New: func() any {
		w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil {
			panic("node: gzip refuses its own level: " + err.Error())
		}
		return w
	}}
	buffers = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}
	shapes  = sync.Pool{New: func() any { b := make([]byte, 0, 512); return &b }}
)

// compress gives body compressed in a buffer that release takes back.
func compress(encoding string, body []byte) *[]byte {
	out := buffers.Get().(*[]byte)
	if encoding == "zstd" {
		*out = zstdEncoder().EncodeAll(body, (*out)[:0])
		return out
	}
	into := bytes.NewBuffer((*out)[:0])
	w := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(w)
	w.Reset(into)
	// Writing to a bytes.Buffer can't fail.
	_, _ = w.Write(body)
	_ = w.Close()
	*out = into.Bytes()
	return out
}

func release(b *[]byte) {
	if cap(*b) <= 1<<20 {
		buffers.Put(b)
	}
}
