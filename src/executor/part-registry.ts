import type { DeferredFragment } from '../operation/deferred-fragments.ts';
import type { CompiledFragments } from './compiled-fragments.ts';
import { type DeliveredPart, type FragmentInstance, type ListInstance, objectPath } from './delivered-parts.ts';
import type { ResponsePath } from './errors.ts';
import type { FoundPlaces, FragmentPlace, ListPlace } from './fragment-places.ts';
import type { PendingFragment } from './payload.ts';
import type { InitialCounts } from './streamed-lists.ts';

/** The deferred fragments and streamed lists of one result that have been found, and which of them are still open. */
export class PartRegistry {
  private readonly fragments: CompiledFragments;
  private readonly instances = new Map<string, FragmentInstance>();
  private readonly openParts = new Set<DeliveredPart>();
  private readonly hidden = new Set<FragmentInstance>();
  /** Those that clients know, by the node of the document and the path. */
  private readonly announced = new Map<object, Map<string, FragmentInstance>>();
  private readonly fresh: PendingFragment[] = [];
  private readonly firstItems: InitialCounts | undefined;
  private readonly isDelivered: (place: FragmentPlace) => boolean;
  private count = 0;

  constructor(
    fragments: CompiledFragments,
    firstItems: InitialCounts | undefined,
    isDelivered: (place: FragmentPlace) => boolean,
  ) {
    this.fragments = fragments;
    this.firstItems = firstItems;
    this.isDelivered = isDelivered;
  }

  /** The parts that something is still to be delivered of. Those that are found meanwhile are iterated over, too. */
  get open(): ReadonlySet<DeliveredPart> {
    return this.openParts;
  }

  /** Adds what was found in data that is being delivered. */
  add({ places, lists }: FoundPlaces): void {
    for (const place of places)
      for (const fragment of this.fragments.of(place.set)) this.instanceAt(fragment, place).places.push(place);
    for (const list of lists) this.addList(list);
  }

  private instanceAt(fragment: DeferredFragment, { path, run }: FragmentPlace): FragmentInstance {
    const at = objectPath(path, fragment.depth);
    const key = keyOf(fragment, at);
    const known = this.instances.get(key);
    if (known) return known;
    const pending = { id: this.nextId(), label: fragment.label, path: at, isList: false };
    const made: FragmentInstance = { kind: 'fragment', fragment, pending, run, places: [], state: 'hidden' };
    this.instances.set(key, made);
    this.hidden.add(made);
    this.openParts.add(made);
    return made;
  }

  private addList(place: ListPlace): void {
    const { directive } = place.list;
    const next = this.firstItems?.get(place.list) ?? 0;
    const pending = { id: this.nextId(), label: directive.label, path: place.path, isList: true };
    const made: ListInstance = { kind: 'list', place, pending, next, state: 'announced' };
    this.openParts.add(made);
    this.fresh.push(pending);
  }

  private nextId(): string {
    return String(this.count++);
  }

  /** Returns the instance of the nearest fragment around one that has fields of its own. */
  private parentOf({ fragment, pending: { path } }: FragmentInstance): FragmentInstance | undefined {
    for (let { parent } = fragment; parent !== undefined; { parent } = parent) {
      const found = this.instances.get(keyOf(parent, objectPath(path, parent.depth)));
      if (found) return found;
    }
    return undefined;
  }

  /** Announces what was found, except fragments within others that are not complete. Drops those whose parents have failed. */
  announce(): readonly PendingFragment[] {
    const announced = this.fresh.splice(0);
    for (const instance of this.hidden) {
      const parent = this.parentOf(instance);
      if (parent?.state === 'failed') this.close(instance, 'failed');
      else if ((parent === undefined || parent.state === 'complete') && !this.isKnown(instance)) {
        instance.state = 'announced';
        this.hidden.delete(instance);
        announced.push(instance.pending);
      }
    }
    return announced;
  }

  /**
   * Returns whether clients know a fragment with the same label and path: the same fragment of the document, within another deferred
   * fragment. The two have the same fields, so that this one is dropped when the other one is delivered.
   */
  private isKnown(instance: FragmentInstance): boolean {
    const { fragment, pending, places } = instance;
    const byPath = this.announced.get(fragment.node) ?? new Map<string, FragmentInstance>();
    this.announced.set(fragment.node, byPath);
    const known = byPath.get(pending.path.join());
    if (known?.state === 'announced') return true;
    if (known?.state === 'failed' || (known?.state === 'complete' && places.every(this.isDelivered))) {
      this.close(instance, known.state);
      this.instances.delete(keyOf(fragment, pending.path));
      return true;
    }
    byPath.set(pending.path.join(), instance);
    return false;
  }

  close(part: DeliveredPart, state: 'complete' | 'failed'): void {
    part.state = state;
    this.openParts.delete(part);
    if (part.kind === 'fragment') this.hidden.delete(part);
  }
}

function keyOf({ id }: DeferredFragment, path: ResponsePath): string {
  return `${id} ${path.join()}`;
}
