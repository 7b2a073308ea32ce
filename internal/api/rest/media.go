package rest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/fault"
)

// A media is a media type as PostgREST knows it (MediaType.hs).
type media struct {
	kind  mediaKind
	strip bool // nulls=stripped
	plan  *planMedia
	other string // the text, for mediaOther
}

type mediaKind uint8

const (
	mediaJSON   mediaKind = iota // application/json
	mediaArray                   // application/vnd.pgrst.array+json;nulls=stripped; without the parameter it is mediaJSON
	mediaObject                  // application/vnd.pgrst.object+json: one bare row
	mediaCSV
	mediaGeo
	mediaPlan
	mediaOpenAPI
	mediaForm
	mediaText
	mediaXML
	mediaOctets
	mediaAny
	mediaOther
)

type planMedia struct {
	of     media
	asJSON bool
	o      Explain
}

// mime writes the type as Accept and Content-Type do.
func (m media) mime() string {
	switch m.kind {
	case mediaJSON:
		return "application/json"
	case mediaArray:
		return "application/vnd.pgrst.array+json;nulls=stripped"
	case mediaObject:
		if m.strip {
			return "application/vnd.pgrst.object+json;nulls=stripped"
		}
		return "application/vnd.pgrst.object+json"
	case mediaCSV:
		return "text/csv"
	case mediaGeo:
		return "application/geo+json"
	case mediaOpenAPI:
		return "application/openapi+json"
	case mediaForm:
		return "application/x-www-form-urlencoded"
	case mediaText:
		return "text/plain"
	case mediaXML:
		return "text/xml"
	case mediaOctets:
		return "application/octet-stream"
	case mediaAny:
		return "*/*"
	case mediaPlan:
		return m.plan.mime()
	}
	return m.other
}

func (p *planMedia) mime() string {
	var b strings.Builder
	b.WriteString("application/vnd.pgrst.plan+")
	if p.asJSON {
		b.WriteString("json")
	} else {
		b.WriteString("text")
	}
	b.WriteString(`; for="` + p.of.mime() + `"`)
	sep := "; options="
	for _, o := range p.o.names() {
		if *o.on {
			b.WriteString(sep + o.name)
			sep = "|"
		}
	}
	return b.String()
}

// contentType is the Content-Type of an answer of this type.
func (m media) contentType() string {
	switch m.kind {
	case mediaJSON:
		return "application/json; charset=utf-8"
	case mediaOctets, mediaOther:
		return m.mime()
	}
	return m.mime() + "; charset=utf-8"
}

// parseMedia reads one media type; what is none at all is mediaOther.
func parseMedia(s string) media {
	kind, params := splitMedia(s)
	param := func(name string) string {
		for _, p := range params {
			if strings.EqualFold(p[0], name) {
				return p[1]
			}
		}
		return ""
	}
	strip := param("nulls") == "stripped"
	plan := func(asJSON bool) media {
		of := media{}
		if t := param("for"); t != "" {
			if of = parseMedia(t); of.kind == mediaPlan {
				of = media{}
			}
		}
		p := &planMedia{of: of, asJSON: asJSON}
		p.o.JSON = asJSON
		asked := strings.Split(param("options"), "|")
		for _, o := range p.o.names() {
			*o.on = slices.Contains(asked, o.name)
		}
		return media{kind: mediaPlan, plan: p}
	}
	switch strings.ToLower(kind) {
	case "application/json":
		return media{kind: mediaJSON}
	case "application/geo+json":
		return media{kind: mediaGeo}
	case "text/csv":
		return media{kind: mediaCSV}
	case "text/plain":
		return media{kind: mediaText}
	case "text/xml":
		return media{kind: mediaXML}
	case "application/openapi+json":
		return media{kind: mediaOpenAPI}
	case "application/x-www-form-urlencoded":
		return media{kind: mediaForm}
	case "application/octet-stream":
		return media{kind: mediaOctets}
	case "application/vnd.pgrst.plan", "application/vnd.pgrst.plan+text":
		return plan(false)
	case "application/vnd.pgrst.plan+json":
		return plan(true)
	case "application/vnd.pgrst.object", "application/vnd.pgrst.object+json":
		return media{kind: mediaObject, strip: strip}
	case "application/vnd.pgrst.array", "application/vnd.pgrst.array+json":
		if strip {
			return media{kind: mediaArray, strip: true}
		}
		return media{kind: mediaJSON}
	case "*/*":
		return media{kind: mediaAny}
	}
	return media{kind: mediaOther, other: s}
}

// splitMedia gives type/subtype, empty where s doesn't begin with one, and the parameters up to the first malformed one.
func splitMedia(s string) (kind string, params [][2]string) {
	token := func(i int, extra string) int {
		for i < len(s) && (isAlnum(s[i]) || strings.IndexByte(extra, s[i]) >= 0) {
			i++
		}
		return i
	}
	space := func(i int) int {
		for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
			i++
		}
		return i
	}
	slash := token(0, ".*")
	if slash == 0 || slash == len(s) || s[slash] != '/' {
		return "", nil
	}
	end := token(slash+1, ".*+-")
	if end == slash+1 {
		return "", nil
	}
	kind = s[:end]
	for i := space(end); i < len(s) && s[i] == ';'; i = space(i) {
		from := space(i + 1)
		i = token(from, "-")
		key := s[from:i]
		i = space(i)
		if key == "" || i == len(s) || s[i] != '=' {
			break
		}
		from = space(i + 1)
		if from < len(s) && s[from] == '"' {
			n := strings.IndexByte(s[from+1:], '"')
			if n < 0 {
				break
			}
			params = append(params, [2]string{key, s[from+1 : from+1+n]})
			i = from + n + 2
			continue
		}
		if i = token(from, "|-"); i == from {
			break
		}
		params = append(params, [2]string{key, s[from:i]})
	}
	return kind, params
}

func isAlnum(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}

// accepted lists the types of an Accept header, the most wanted first: by q, then by how specific they are.
func accepted(header string) []media {
	if header == "" {
		return []media{{kind: mediaAny}}
	}
	type choice struct {
		text     string
		q        float64
		specific int
	}
	var list []choice
	for part := range strings.SplitSeq(header, ",") {
		part = strings.ReplaceAll(part, " ", "")
		text, q, found := strings.Cut(part, ";q=")
		c := choice{text: text, q: 1, specific: strings.Count(text, ";") - strings.Count(text, "*")}
		if found {
			q, _, _ = strings.Cut(q, ";")
			if v, err := strconv.ParseFloat(q, 64); err == nil {
				c.q = v
			}
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b choice) int {
		switch {
		case a.q > b.q:
			return -1
		case a.q < b.q:
			return 1
		}
		return b.specific - a.specific
	})
	out := make([]media, len(list))
	for i, c := range list {
		out[i] = parseMedia(c.text)
	}
	return out
}

// negotiate picks the type of the answer, and with it the domain of the handler that writes it, empty where none does.
func negotiate(header string, planEnabled bool, h handled) (_ media, domain string, _ error) {
	if len(h.own)+len(h.any) == 0 && (header == "" || header == "*/*" || header == "application/json") {
		return media{}, "", nil
	}
	list := accepted(header)
	for _, m := range list {
		if domain, as := h.pick(m); domain != "" {
			return as, domain, nil
		}
		switch {
		case m.kind == mediaAny:
			return media{}, "", nil
		case m.kind != mediaPlan && m.offered():
			return m, "", nil
		case m.kind == mediaPlan && planEnabled:
			if domain, _ := h.pick(m.plan.of); domain != "" || m.plan.of.offered() {
				return m, domain, nil
			}
		}
	}
	names := make([]string, len(list))
	for i, m := range list {
		names[i] = m.mime()
	}
	return media{}, "", fault.New(fault.BadMediaType, "None of these media types are available: "+strings.Join(names, ", "))
}

// offered says whether rows can be written as this type.
func (m media) offered() bool {
	switch m.kind {
	case mediaJSON, mediaArray, mediaObject, mediaCSV, mediaGeo, mediaAny:
		return true
	}
	return false
}
