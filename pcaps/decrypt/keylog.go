package decrypt

import (
	"bytes"
	"encoding/hex"
)

// Keys are the secrets of a key log (draft-ietf-tls-keylogfile), by the random of
// the ClientHello. The zero value has none.
type Keys struct {
	byRandom map[[32]byte]*Secrets
}

// Secrets are those of one connection; nil slices are not known.
type Secrets struct {
	Master    []byte    // of TLS 1.2 and before
	Handshake [2][]byte // of TLS 1.3: the client's, the server's
	Traffic   [2][]byte
}

// maxConnections is how many connections' secrets are kept.
const maxConnections = 1 << 20

// Add reads the text of a key log. Lines that are none, and labels that are of no
// use here, are passed over.
func (k *Keys) Add(text []byte) {
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) != 3 || len(fields[1]) != 64 {
			continue
		}
		var random [32]byte
		secret := make([]byte, hex.DecodedLen(len(fields[2])))
		if _, err := hex.Decode(random[:], fields[1]); err != nil {
			continue
		}
		if _, err := hex.Decode(secret, fields[2]); err != nil || len(secret) == 0 || len(secret) > 64 {
			continue
		}
		if s := k.slot(string(fields[0]), random); s != nil {
			*s = secret
		}
	}
}

// slot is where the secret of a label is kept; nil for labels of no use.
func (k *Keys) slot(label string, random [32]byte) *[]byte {
	s := k.byRandom[random]
	if s == nil {
		s = new(Secrets)
	}
	var slot *[]byte
	switch label {
	case "CLIENT_RANDOM":
		slot = &s.Master
	case "CLIENT_HANDSHAKE_TRAFFIC_SECRET":
		slot = &s.Handshake[0]
	case "SERVER_HANDSHAKE_TRAFFIC_SECRET":
		slot = &s.Handshake[1]
	case "CLIENT_TRAFFIC_SECRET_0":
		slot = &s.Traffic[0]
	case "SERVER_TRAFFIC_SECRET_0":
		slot = &s.Traffic[1]
	default:
		return nil
	}
	if k.byRandom == nil {
		k.byRandom = map[[32]byte]*Secrets{}
	}
	if len(k.byRandom) >= maxConnections && k.byRandom[random] == nil {
		return nil
	}
	k.byRandom[random] = s
	return slot
}

// Find gives the secrets of the connection whose ClientHello has this random; nil
// where there are none.
func (k *Keys) Find(random [32]byte) *Secrets { return k.byRandom[random] }

// Len is how many connections there are secrets of.
func (k *Keys) Len() int { return len(k.byRandom) }
