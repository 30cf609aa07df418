package main

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

const (
	givenUpTopic = "TRANS_CHECK_MAX_TIME_TOPIC"
	// Apache's broker takes 30 s to give halves up.
	givenUpDeadline = 75 * time.Second
)

// immunity: of the halves without an outcome every second is not to be asked for within 6 s.
func immunity(r *run) (figures, error) {
	if err := r.makeTopic(4); err != nil {
		return nil, err
	}
	d := newDecider(true)
	p, err := r.transactionProducer(d)
	if err != nil {
		return nil, err
	}
	sentAt := map[int]int64{}
	for n := 2; n < 40; n += 4 {
		message := sample(r.topic(), n)
		if n%8 == 2 {
			message.WithProperty("CHECK_IMMUNITY_TIME_IN_SECONDS", "6")
		}
		sentAt[n] = time.Now().UnixMilli()
		if _, err := sendInTransaction(p, message); err != nil {
			return nil, err
		}
	}
	in := newInbox(r.topic())
	if _, err := in.open(r, r.group("consumer"), "*"); err != nil {
		return nil, err
	}
	if err := in.await(len(sentAt)); err != nil {
		return nil, err
	}
	d.Lock()
	defer d.Unlock()
	for n, at := range sentAt {
		least := int64(2500)
		if n%8 == 2 {
			least = 6000
		}
		if waited := d.askedAt[n] - at; waited < least {
			return nil, fmt.Errorf("message %d was asked for after %d ms", n, waited)
		}
	}
	if in.deliveries != len(sentAt) {
		return nil, fmt.Errorf("%d deliveries of %d messages", in.deliveries, len(sentAt))
	}
	return figures{"asked": len(sentAt)}, d.failure
}

// givenUp: halves that never get an outcome are asked for so many times, and then put away.
func givenUp(r *run) (figures, error) {
	if err := r.makeTopic(4); err != nil {
		return nil, err
	}
	d := newDecider(false)
	p, err := r.transactionProducer(d)
	if err != nil {
		return nil, err
	}
	wanted := map[int]int{}
	for n := 2; n < 18; n += 4 {
		if _, err := sendInTransaction(p, sample(r.topic(), n)); err != nil {
			return nil, err
		}
		wanted[n] = r.number("checks", 0)
	}
	if err := awaitGivenUp(r, len(wanted)); err != nil {
		return nil, err
	}
	if checks := d.checked(); !reflect.DeepEqual(wanted, checks) {
		return nil, fmt.Errorf("checks of %v instead of %v", checks, wanted)
	}
	return figures{"givenUp": len(wanted)}, nil
}

// awaitGivenUp tries until the topic has a route, which it has once something was put there.
func awaitGivenUp(r *run, count int) error {
	var lock sync.Mutex
	var failure error
	found := map[int]bool{}
	listen := func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		lock.Lock()
		defer lock.Unlock()
		for _, message := range messages {
			n := numberOf(message)
			found[n] = true
			if !bytes.Equal(message.Body, body(n)) {
				failure = fmt.Errorf("body of %d", n)
			}
		}
		return consumer.ConsumeSuccess, nil
	}
	var opened error
	if err := awaitFor(givenUpDeadline, func() bool {
		_, opened = r.pushConsumerOf(givenUpTopic, r.group("given-up"), "*", listen)
		return opened == nil
	}, func() string { return fmt.Sprintf("a route of %s: %v", givenUpTopic, opened) }); err != nil {
		return err
	}
	all := func() bool {
		lock.Lock()
		defer lock.Unlock()
		return len(found) == count
	}
	if err := await(all, func() string { return fmt.Sprintf("%d messages in %s", count, givenUpTopic) }); err != nil {
		return err
	}
	return failure
}
