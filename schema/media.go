package schema

import "regexp"

var mediaName = regexp.MustCompile(`^(\*/\*|[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+)$`)

// Media is the media type in which a function itself writes its answer, as PostgREST has it: the name of the domain that it returns
// one value of, "*/*" where it decides by itself. It is empty for any other function.
func (f *Function) Media() string {
	d := f.Returns.Type.Domain
	if d == nil || f.Returns.SetOf || f.Returns.Type.Array || f.Returns.Table != nil || len(f.Returns.Out) > 0 || !mediaName.MatchString(d.Name.Name) {
		return ""
	}
	return d.Name.Name
}
