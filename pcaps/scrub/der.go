package scrub

// Tags of DER that matter here.
const (
	tagInteger = 0x02
	tagBits    = 0x03
	tagOctets  = 0x04
	tagUTF8    = 0x0c
	tagText    = 0x13 // PrintableString
	tagT61     = 0x14
	tagIA5     = 0x16
	tagBMP     = 0x1e
)

// der overwrites what is in a piece of DER in place, and says whether it is one.
// Structure, times, object identifiers and small numbers stay.
func (r *renamer) der(b []byte) bool {
	if !wholeDER(b) {
		return false
	}
	for len(b) > 0 {
		tag, body, rest, _ := element(b)
		r.element(tag, body)
		b = rest
	}
	return true
}

func (r *renamer) element(tag byte, body []byte) {
	const smallInteger = 8
	switch {
	case tag&0x20 != 0: // constructed
		r.der(body)
	case tag == tagInteger && len(body) > smallInteger:
		copy(body[1:], r.blob(body[1:]))
	case tag == tagBits && len(body) > smallInteger:
		if body[1] != 0x30 || !r.der(body[1:]) {
			copy(body[2:], r.blob(body[2:]))
		}
	case tag == tagOctets:
		if len(body) < 2 || !r.der(body) {
			copy(body, r.blob(body))
		}
	case tag == tagUTF8, tag == tagText, tag == tagT61, tag == tagIA5:
		r.named(body)
	case tag == tagBMP:
		copy(body, r.blob(body))
	case tag == 0x81, tag == 0x82, tag == 0x86: // rfc822Name, dNSName, URI
		r.named(body)
	case tag == 0x87: // iPAddress
		copy(body, r.blob(body))
	case tag == 0x80 && len(body) >= smallInteger: // a key identifier
		copy(body, r.blob(body))
	}
}

// named renames all words of a name, a host or a URL.
func (r *renamer) named(b []byte) { r.words(b) }

// element takes the first element of DER.
func element(b []byte) (tag byte, body, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, nil, nil, false
	}
	n, at := int(b[1]), 2
	if n >= 0x80 {
		size := n & 0x7f
		if size == 0 || size > 3 || len(b) < 2+size {
			return 0, nil, nil, false
		}
		n = 0
		for _, c := range b[2 : 2+size] {
			n = n<<8 | int(c)
		}
		at += size
	}
	if len(b)-at < n {
		return 0, nil, nil, false
	}
	return b[0], b[at : at+n], b[at+n:], true
}

// wholeDER says whether bytes are elements of DER to their end.
func wholeDER(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	for len(b) > 0 {
		tag, _, rest, ok := element(b)
		if !ok || tag == 0 {
			return false
		}
		b = rest
	}
	return true
}
