package wire

// Verdict is what the first bytes of a stream say about a protocol.
type Verdict int

// The verdicts. Only Maybe may change when more bytes are seen.
const (
	No    Verdict = iota // these bytes can not begin it
	Maybe                // they can, more are needed
	Yes                  // they do
)

func (v Verdict) String() string {
	switch v {
	case No:
		return "no"
	case Maybe:
		return "maybe"
	default:
		return "yes"
	}
}

// HasPrefix says whether a stream that begins with prefix begins with want:
// Maybe while prefix is shorter than want and right so far.
func HasPrefix(prefix []byte, want string) Verdict {
	n := min(len(prefix), len(want))
	switch {
	case string(prefix[:n]) != want[:n]:
		return No
	case n < len(want):
		return Maybe
	default:
		return Yes
	}
}
