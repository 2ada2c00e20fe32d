package scrub

import (
	"encoding/base64"
	"strconv"
)

// encoded overwrites a long word of base64, which may be percent-encoded in a URL. Of a
// question to an OCSP responder (RFC 6960 A.1) the form stays: what it asks about does
// not.
func (r *renamer) encoded(b []byte) {
	chars, places := unescape(b)
	for len(chars) > 0 && chars[len(chars)-1] == '=' {
		chars = chars[:len(chars)-1]
	}
	der, err := base64.RawStdEncoding.DecodeString(string(chars))
	masked := append([]byte(nil), der...)
	if err != nil || !r.der(masked) {
		r.same(b, 'A')
		return
	}
	for k := range chars {
		first, last := 6*k/8, min((6*k+5)/8, len(der)-1)
		if places[k] >= 0 && der[first] != masked[first] && der[last] != masked[last] {
			b[places[k]] = 'A' + masked[first]%26
		}
	}
}

// unescape takes percent-encoding away; places are where each character stands, -1 for
// one that is encoded.
func unescape(b []byte) (chars []byte, places []int) {
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) {
			if v, err := strconv.ParseUint(string(b[i+1:i+3]), 16, 8); err == nil {
				chars, places = append(chars, byte(v)), append(places, -1)
				i += 2
				continue
			}
		}
		chars, places = append(chars, b[i]), append(places, i)
	}
	return chars, places
}
