package srtp

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// Suite is the one that Skype for Business has (RFC 4568 6.2).
const Suite = "AES_CM_128_HMAC_SHA1_80"

// Crypto is an SDP attribute "crypto": a key for the packets of who wrote it.
type Crypto struct {
	Tag    int
	Master Master
}

// NewCrypto makes a key.
func NewCrypto(tag int) Crypto {
	c := Crypto{Tag: tag}
	rand.Read(c.Master[:]) // never fails
	return c
}

// String is the attribute's value, with the lifetime that pidgin-sipe and Skype for
// Business write.
func (c Crypto) String() string {
	return fmt.Sprintf("%d %s inline:%s|2^31", c.Tag, Suite, base64.StdEncoding.EncodeToString(c.Master[:]))
}

// ParseCrypto reads an attribute's value. A key with a master key identifier, which
// would stand in every packet, is refused, as pidgin-sipe refuses it.
func ParseCrypto(value string) (Crypto, error) {
	words := strings.Fields(value)
	if len(words) < 3 {
		return Crypto{}, fmt.Errorf("SDP crypto: got %q, want a tag, a suite and inline:KEY", value)
	}
	tag, err := strconv.Atoi(words[0])
	if err != nil || tag < 0 {
		return Crypto{}, fmt.Errorf("SDP crypto: tag %q, want a number", words[0])
	}
	if words[1] != Suite {
		return Crypto{}, fmt.Errorf("SDP crypto: suite %q, want %s", words[1], Suite)
	}
	text, ok := strings.CutPrefix(words[2], "inline:")
	text, rest, _ := strings.Cut(text, "|")
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) != len(Master{}) {
		return Crypto{}, fmt.Errorf("SDP crypto: key %q, want inline: and %d bytes in base64", words[2], len(Master{}))
	}
	if strings.Contains(rest, ":") {
		return Crypto{}, fmt.Errorf("SDP crypto: got a master key identifier %q, want none", rest)
	}
	return Crypto{Tag: tag, Master: Master(key)}, nil
}
