package emulate

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// crlEvery is how long a CRL is served before another is signed.
const crlEvery = time.Hour

// shelf keeps the CRLs signed last, one for each kind of answer.
type shelf struct {
	mu     sync.Mutex
	number int64
	lists  map[Answer]*crl
}

// crl is a signed list.
type crl struct {
	der []byte
	validity
	made    time.Time
	version uint64
}

// shelfSize bounds the kinds of answers kept at one time.
const shelfSize = 8

// CRL gives the authority's certificate revocation list, DER: version 2, numbered,
// complete, without an issuing distribution point.
//
// Modelled: Q32. A list with an issuing distribution point must repeat the URL of
// the certificate's CDP, one without it serves every CDP.
func (a *Authority) CRL(how Answer) ([]byte, error) {
	list, err := a.crl(how)
	if err != nil {
		return nil, err
	}
	return list.der, nil
}

func (a *Authority) crl(how Answer) (*crl, error) {
	if how.Malformed {
		return &crl{der: []byte(captivePortal)}, nil
	}
	now, version := a.now(), a.ledger.generation()
	a.shelf.mu.Lock()
	defer a.shelf.mu.Unlock()
	if l := a.shelf.lists[how]; l != nil && l.version == version && !how.Revoked && now.Sub(l.made) < crlEvery {
		return l, nil
	}
	a.shelf.number++
	list := &crl{made: now, version: version, validity: a.dates(how, a.cert.NotBefore)}
	var err error
	if list.der, err = a.signCRL(how, list.validity, a.shelf.number); err != nil {
		return nil, fmt.Errorf("CRL of authority %q: %w", a.id, err)
	}
	if a.shelf.lists == nil || len(a.shelf.lists) >= shelfSize {
		a.shelf.lists = make(map[Answer]*crl)
	}
	a.shelf.lists[how] = list
	return list, nil
}

func (a *Authority) signCRL(how Answer, v validity, number int64) ([]byte, error) {
	by, err := a.crlSigner(how)
	if err != nil {
		return nil, err
	}
	template := &x509.RevocationList{
		Number:                    big.NewInt(number),
		ThisUpdate:                v.this,
		NextUpdate:                v.next,
		RevokedCertificateEntries: a.entries(how, v),
	}
	if v.next.IsZero() {
		template.NextUpdate = v.this.Add(a.lifetime)
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, crlIssuer(by.cert), by.key)
	if err != nil || !v.next.IsZero() {
		return der, err
	}
	return withoutNextUpdate(der, by)
}

// crlIssuer is a certificate as crypto/x509 wants the issuer of a CRL to be. One made
// elsewhere without the key usage extension may be used for anything (RFC 5280
// 4.2.1.3), and may lack a key identifier.
func crlIssuer(cert *x509.Certificate) *x509.Certificate {
	if cert.KeyUsage != 0 && len(cert.SubjectKeyId) > 0 {
		return cert
	}
	c := *cert
	if c.KeyUsage == 0 {
		c.KeyUsage = x509.KeyUsageCRLSign
	}
	if len(c.SubjectKeyId) == 0 {
		c.SubjectKeyId = keyID(c.PublicKey)
	}
	return &c
}

func (a *Authority) crlSigner(how Answer) (signer, error) {
	if how.WrongIssuer {
		return a.foreign()
	}
	return a.signerFor(Answer{WrongSigner: how.WrongSigner})
}

// entries lists what is revoked, and what the Answer adds to it. The list is dated
// back, so what was revoked since is listed as of thisUpdate.
func (a *Authority) entries(how Answer, v validity) []x509.RevocationListEntry {
	var out []x509.RevocationListEntry
	if !how.WrongIssuer {
		for _, r := range a.ledger.listed(a.now(), a.lifetime, how.Revoked) {
			if !r.revoked {
				r.revokedAt, r.reason = a.forcedAt(), keyCompromise
			}
			out = append(out, x509.RevocationListEntry{SerialNumber: r.serial, RevocationTime: earlier(r.revokedAt, v.this), ReasonCode: r.reason})
		}
	}
	if how.Revoked && !how.WrongIssuer {
		for _, serial := range a.ledger.upcoming() {
			out = append(out, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: earlier(a.forcedAt(), v.this), ReasonCode: keyCompromise})
		}
	}
	if how.Huge {
		out = append(out, fillers(v.this)...)
	}
	return out
}

func (a *Authority) forcedAt() time.Time {
	return a.now().UTC().Truncate(time.Second).Add(-forcedBefore)
}

// fillers are serial numbers of nobody: 20 octets, counted up.
func fillers(at time.Time) []x509.RevocationListEntry {
	out := make([]x509.RevocationListEntry, HugeEntries)
	for i := range out {
		serial := make([]byte, 20)
		serial[0] = 0x5a
		binary.BigEndian.PutUint32(serial[16:], uint32(i))
		out[i] = x509.RevocationListEntry{SerialNumber: new(big.Int).SetBytes(serial), RevocationTime: at}
	}
	return out
}

// withoutNextUpdate takes nextUpdate out of a CRL and signs again. RFC 5280 5.1.2.5
// demands nextUpdate, so crypto/x509 makes no CRL without it; the field has some.
func withoutNextUpdate(der []byte, by signer) ([]byte, error) {
	s := cryptobyte.String(der)
	var list, tbs, algorithm, issuer, this, next cryptobyte.String
	var version int
	ok := s.ReadASN1(&list, cbasn1.SEQUENCE) && list.ReadASN1(&tbs, cbasn1.SEQUENCE) &&
		tbs.ReadASN1Integer(&version) &&
		tbs.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) && tbs.ReadASN1Element(&issuer, cbasn1.SEQUENCE)
	var tag cbasn1.Tag
	ok = ok && tbs.ReadAnyASN1Element(&this, &tag) && tbs.ReadAnyASN1Element(&next, &tag)
	if !ok {
		return nil, errors.New("own list cannot be read back")
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(int64(version))
		for _, part := range []cryptobyte.String{algorithm, issuer, this, tbs} {
			b.AddBytes(part)
		}
	})
	shorter, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	return signed(shorter, by.key, nil)
}
