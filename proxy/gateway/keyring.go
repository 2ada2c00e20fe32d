package gateway

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"time"

	"rehearse/proxy/emulate"
)

// Keyring is a key with its certificate, under a name that policy knows it by. It either
// issues emulated certificates or is shown to origins that ask for a certificate.
type Keyring struct {
	Issuer *emulate.Authority
	Client *tls.Certificate
}

// OpenKeyring reads a keyring from a PEM file with the key and the chain. That of an
// authority goes up to its root, and its name is its word in revocation pointers; any
// other certificate is one for origins.
func OpenKeyring(name, path string, now func() time.Time) (k Keyring, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return k, err
	}
	key, chain, err := parsePair(text)
	if err != nil {
		return k, fmt.Errorf("%s: %w", path, err)
	}
	if !chain[0].IsCA {
		if same, ok := key.Public().(interface{ Equal(x crypto.PublicKey) bool }); ok && !same.Equal(chain[0].PublicKey) {
			return k, fmt.Errorf("%s: certificate %q is for another key", path, chain[0].Subject.CommonName)
		}
		k.Client = &tls.Certificate{PrivateKey: key, Leaf: chain[0], Certificate: raws(chain)}
		return k, nil
	}
	if err := chained(chain); err != nil {
		return k, fmt.Errorf("%s: %w", path, err)
	}
	k.Issuer, err = emulate.NewAuthority(emulate.AuthorityConfig{ID: "keyring-" + strings.Map(plain, name), Key: key, Certificate: chain[0], Above: chain[1:], Now: now})
	if err != nil {
		return k, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

func raws(chain []*x509.Certificate) (all [][]byte) {
	for _, c := range chain {
		all = append(all, c.Raw)
	}
	return all
}

// keyrings are the gateway's, by what they are for.
func (g *Gateway) keyrings() (issuers map[string]*emulate.Authority, clients map[string]*tls.Certificate) {
	issuers, clients = map[string]*emulate.Authority{}, map[string]*tls.Certificate{}
	for name, k := range g.conf.Keyrings {
		if k.Issuer != nil {
			issuers[name] = k.Issuer
		}
		if k.Client != nil {
			clients[name] = k.Client
		}
	}
	return issuers, clients
}

// plain is a character of a URL's path, or a hyphen.
func plain(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' {
		return r
	}
	return '-'
}
