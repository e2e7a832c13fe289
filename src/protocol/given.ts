/**
 * Its constructor gives back what it gets, so that a class that extends it adds its private fields to that. What is noted about an object in
 * such a field goes where the object goes and is copied with nothing; a WeakMap takes three times as long, and the garbage collector's time besides.
 */
export class Given {
  constructor(value: object) {
    // biome-ignore lint/correctness/noConstructorReturn: only so can a private field be added to an object that is there already
    return value;
  }
}
