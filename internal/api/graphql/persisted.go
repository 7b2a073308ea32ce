package graphql

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Persisted keeps documents by their SHA-256, so that a client need send each only once (Apollo's "automatic persisted
// queries"). It holds no more than a number of bytes: a client whose document is gone sends it again.
type Persisted struct{ texts *kept[string, string] }

// PersistedNotFound is what Apollo's clients look for before they send the document itself.
const PersistedNotFound Code = "PERSISTED_QUERY_NOT_FOUND"

// NewPersisted keeps at most so many bytes; 0 is the default of Limits.
func NewPersisted(bytes int) *Persisted {
	return &Persisted{texts: newKept[string, string](Limits{PersistedBytes: bytes}.withDefaults().PersistedBytes)}
}

// Find gives a request that names a hash only its document, and checks the hash of one that sends both.
func (p *Persisted) Find(r *Request) error {
	switch {
	case r.hash == "":
		return nil
	case r.Query == "":
		text, ok := p.texts.get(r.hash)
		if !ok {
			return refusal("$", PersistedNotFound, "PersistedQueryNotFound")
		}
		r.Query = text
		return nil
	}
	sum := sha256.Sum256([]byte(r.Query))
	if hex.EncodeToString(sum[:]) != r.hash {
		return refusal("$", BadRequest, "provided sha does not match query")
	}
	return nil
}

// Keep keeps the document of a request that turned out to be valid, and no more of its body than that.
func (p *Persisted) Keep(r *Request) {
	if r.hash == "" {
		return
	}
	if _, ok := p.texts.get(r.hash); !ok {
		p.texts.put(strings.Clone(r.hash), strings.Clone(r.Query), len(r.Query)+128)
	}
}

// jsonText writes a string as JSON; what is not UTF-8 becomes the replacement character.
func jsonText(s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic("graphql: a string that is no JSON: " + err.Error())
	}
	return text
}
